#include "mcp/sse_endpoint.hpp"

#include <algorithm>
#include <utility>

#include "mcp/http_rules.hpp"

namespace mcp {
namespace {

using jsonrpc::Code;

std::string named_event(std::string_view name, std::string_view data) {
  std::string text = "event: ";
  return text.append(name).append("\ndata: ").append(data).append("\n\n");
}

// What the client agreed on, as far as it says so: one whose stream broke opens another and goes on
// without a handshake. The latest revision has all that the others have, and clients pass over what
// they do not know.
Revision revision_of_client(const HttpRequest& request) {
  const auto named = header(request, "mcp-protocol-version");
  const auto revision = named ? revision_of(*named) : std::nullopt;
  return revision && !is_modern(*revision) ? *revision : latest_legacy_revision;
}

}  // namespace

SseEndpoint::SseEndpoint(std::shared_ptr<const Server> server, const HttpLimits& limits,
                         std::string messages_path)
    : server_(std::move(server)), limits_(limits), messages_path_(std::move(messages_path)) {}

HttpAnswer SseEndpoint::open(const HttpRequest& request, const HttpCaller& caller) {
  if (header(request, "accept") && !accepts(request, "text/event-stream")) {
    return wants_no_events();
  }
  const std::string id = server_->secrets.random_name();
  auto stream = std::make_shared<EventStream>(limits_.streams.unread_bytes_max);
  stream->set_check(caller.check);
  stream->send(named_event("endpoint", messages_path_ + "?sessionId=" + id));
  auto connection = std::make_shared<Connection>(
      server_, caller.provider,
      [stream](const std::string& message) { stream->send(named_event("message", message)); },
      caller.identity);
  {
    const std::lock_guard lock(mutex_);
    if (clients_.size() >= limits_.sessions_max ||
        count(caller.identity) >= limits_.streams_per_client_max) {
      return too_many_streams();
    }
    clients_.emplace(id, Client{caller.identity, std::move(connection)});
  }
  stream->on_gone([weak = weak_from_this(), id] {
    if (const auto endpoint = weak.lock()) endpoint->drop(id);
  });
  return event_answer(std::move(stream));
}

HttpAnswer SseEndpoint::post(const std::string& session_id, const HttpRequest& request,
                             const HttpCaller& caller) {
  std::shared_ptr<Connection> connection;
  {
    const std::lock_guard lock(mutex_);
    const auto found = clients_.find(session_id);
    if (found != clients_.end() && found->second.identity == caller.identity) {
      connection = found->second.connection;
    }
  }
  if (!connection) {
    return refusal(404, Code::InvalidRequest,
                   "There is no such session of this key here; open its stream again.");
  }
  connection->assume(revision_of_client(request));
  connection->handle(request.body);
  return {202, {}, {}, nullptr};
}

std::size_t SseEndpoint::count(const std::string& identity) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      clients_, [&](const auto& each) { return each.second.identity == identity; }));
}

void SseEndpoint::drop(const std::string& id) {
  Client dropped;  // destroyed without the lock
  const std::lock_guard lock(mutex_);
  const auto found = clients_.find(id);
  if (found == clients_.end()) return;
  dropped = std::move(found->second);
  clients_.erase(found);
}

}  // namespace mcp
