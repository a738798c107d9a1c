#include "mcp/connection.hpp"

#include <atomic>
#include <utility>

#include "mcp/batch.hpp"
#include "mcp/handshake.hpp"
#include "mcp/modern.hpp"

namespace mcp {
namespace {

using jsonrpc::Code;
using jsonrpc::Fault;
using jsonrpc::Message;
using jsonrpc::Outcome;

tl::unexpected<Fault> refuse(Code code, std::string sentence) {
  return tl::unexpected(Fault{code, std::move(sentence)});
}

std::string write_outcome(std::string_view id, const Outcome& outcome) {
  return outcome ? jsonrpc::write_result(id, *outcome) : jsonrpc::write_error(id, outcome.error());
}

}  // namespace

// One call in flight. Answers at most once, and at the latest when nobody holds it any more.
class Ticket {
 public:
  Ticket(std::shared_ptr<ConnectionState> state, std::string id, Outlet outlet)
      : state_(std::move(state)), id_(std::move(id)), outlet_(std::move(outlet)) {}
  Ticket(const Ticket&) = delete;
  Ticket& operator=(const Ticket&) = delete;
  ~Ticket() {
    finish(refuse(Code::InternalError,
                  "The call ended without an answer. This is a defect of the server."));
  }

  void finish(const Outcome& outcome) {
    if (finished_.exchange(true)) return;
    const bool wanted = state_->end_call(id_);
    outlet_(wanted ? write_outcome(id_, outcome) : std::string());
    state_->finish_call();
  }

 private:
  std::shared_ptr<ConnectionState> state_;
  std::string id_;
  Outlet outlet_;
  std::atomic<bool> finished_{false};
};

ConnectionState::ConnectionState(ServerInfo server_info, std::shared_ptr<Provider> tools,
                                 ServerLimits server_limits, DefectLog on_defect)
    : info(std::make_shared<const ServerInfo>(std::move(server_info))),
      limits(server_limits),
      dispatcher(info, std::move(tools), std::move(on_defect)) {}

void ConnectionState::handle(std::string_view message, Reply reply) {
  describe::JsonLimits json_limits;
  json_limits.bytes_max = limits.message_bytes_max;
  auto value = jsonrpc::read(message, json_limits);
  if (!value) {
    send(reply, jsonrpc::write_error(value.error().id, value.error().fault));
    return;
  }
  if (value->is_array()) {
    handle_batch(std::move(*value), reply);
    return;
  }
  auto outlet = [self = shared_from_this(), reply = std::move(reply)](std::string text) {
    if (!text.empty()) self->send(reply, std::move(text));
  };
  accept(std::move(*value), outlet, false);
}

void ConnectionState::handle_batch(Json batch, const Reply& reply) {
  const auto current = revision();
  std::string refusal;
  if (!current || !has_batches(*current)) {
    refusal = "Batches exist only under revision 2025-03-26; send one message at a time.";
  } else if (batch.empty()) {
    refusal = "A batch must hold at least one message.";
  } else if (batch.size() > limits.batch_messages_max) {
    refusal = "A batch may hold at most " + std::to_string(limits.batch_messages_max) +
              " messages; split it.";
  }
  if (!refusal.empty()) {
    send(reply, jsonrpc::write_error(jsonrpc::no_id, {Code::InvalidRequest, std::move(refusal)}));
    return;
  }
  auto answers =
      std::make_shared<Batch>(batch.size(), [self = shared_from_this(), reply](std::string text) {
        if (!text.empty()) self->send(reply, std::move(text));
      });
  for (std::size_t i = 0; i < batch.size(); ++i) {
    accept(
        std::move(batch[i]), [answers, i](std::string text) { answers->put(i, std::move(text)); },
        true);
  }
}

void ConnectionState::accept(Json value, const Outlet& outlet, bool in_batch) {
  Message message = jsonrpc::classify(std::move(value));
  switch (message.kind) {
    case Message::Kind::Invalid:
      outlet(jsonrpc::write_error(message.id, *message.fault));
      return;
    case Message::Kind::Response:  // this server asks nothing of its clients
      outlet({});
      return;
    case Message::Kind::Notification:
      if (message.method == "notifications/cancelled") cancel(message.params);
      outlet({});
      return;
    case Message::Kind::Request:
      request(std::move(message), outlet, in_batch);
  }
}

void ConnectionState::request(Message message, const Outlet& outlet, bool in_batch) {
  const std::string id = message.id;
  auto fail = [&](Code code, std::string sentence) {
    outlet(jsonrpc::write_error(id, {code, std::move(sentence)}));
  };
  if (modern::is_modern_message(message)) return modern_request(std::move(message), outlet);
  if (message.method == "ping") return outlet(jsonrpc::write_result(id, "{}"));
  if (message.method == "initialize") {
    if (in_batch) return fail(Code::InvalidRequest, "initialize must not be part of a batch.");
    return outlet(write_outcome(id, initialize(message.params)));
  }
  if (!dispatcher.knows(latest_legacy_revision, message.method)) {
    return outlet(jsonrpc::write_error(id, unknown_method(message.method)));
  }
  const auto current = revision();
  if (!current) {
    return fail(Code::InvalidRequest, "The connection is not initialized; send initialize before " +
                                          jsonrpc::quoted(message.method) + ".");
  }
  dispatch(*current, std::move(message), outlet);
}

void ConnectionState::modern_request(Message message, const Outlet& outlet) {
  const auto revision = modern::check_metadata(message.params);
  if (!revision) return outlet(jsonrpc::write_error(message.id, revision.error()));
  if (!dispatcher.knows(*revision, message.method)) {
    return outlet(jsonrpc::write_error(message.id, unknown_method(message.method)));
  }
  dispatch(*revision, std::move(message), outlet);
}

void ConnectionState::dispatch(Revision under, Message message, const Outlet& outlet) {
  const std::string id = message.id;
  if (auto fault = begin_call(id)) return outlet(jsonrpc::write_error(id, *fault));
  auto ticket = std::make_shared<Ticket>(shared_from_this(), id, outlet);
  dispatcher.dispatch(under, std::move(message),
                      [ticket](const Outcome& outcome) { ticket->finish(outcome); });
}

Outcome ConnectionState::initialize(const Json& params) {
  const auto chosen = negotiate(params);
  if (!chosen) return tl::unexpected(chosen.error());
  {
    std::lock_guard lock(mutex);
    if (negotiated) {
      return refuse(Code::InvalidRequest, "The connection is already initialized under revision " +
                                              std::string(text_of(*negotiated)) +
                                              "; open another one to begin anew.");
    }
    negotiated = *chosen;
  }
  return initialize_result(*info, dispatcher.features(), *chosen);
}

void ConnectionState::cancel(const Json& params) {
  auto id = params.find("requestId");
  if (id == params.end()) return;
  const auto text = jsonrpc::id_text(*id);
  if (!text) return;
  std::lock_guard lock(mutex);
  // An unknown id is a call that was answered meanwhile; the specification says to ignore it.
  if (auto found = cancelled.find(*text); found != cancelled.end()) found->second = true;
}

void ConnectionState::send(const Reply& reply, std::string text) {
  std::lock_guard lock(reply_mutex);
  if (!closed) reply(std::move(text));
}

std::optional<Fault> ConnectionState::begin_call(const std::string& id) {
  std::lock_guard lock(mutex);
  if (unfinished >= limits.calls_in_flight_max) {
    return Fault{Code::LimitExceeded, "There are already " + std::to_string(unfinished) +
                                          " calls in flight on this connection; wait for an answer "
                                          "and send this one again."};
  }
  if (!cancelled.emplace(id, false).second) {
    return Fault{Code::InvalidRequest,
                 "A call with this id is in flight; give every request an id of its own."};
  }
  ++unfinished;
  return std::nullopt;
}

bool ConnectionState::end_call(const std::string& id) {
  std::lock_guard lock(mutex);
  auto found = cancelled.find(id);
  const bool wanted = !found->second;
  cancelled.erase(found);
  return wanted;
}

void ConnectionState::finish_call() {
  std::vector<std::function<void()>> waiters;
  {
    std::lock_guard lock(mutex);
    if (--unfinished != 0) return;
    waiters.swap(idle_waiters);
  }
  for (const auto& waiter : waiters) waiter();
}

std::optional<Revision> ConnectionState::revision() const {
  std::lock_guard lock(mutex);
  return negotiated;
}

}  // namespace mcp
