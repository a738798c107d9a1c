#include "mcp/http_endpoint.hpp"

#include <utility>

#include "mcp/batch.hpp"
#include "mcp/dispatch.hpp"
#include "mcp/handshake.hpp"
#include "mcp/http_rules.hpp"
#include "mcp/modern.hpp"
#include "mcp/ticket.hpp"

namespace mcp {
namespace {

using jsonrpc::Code;
using jsonrpc::Fault;
using jsonrpc::Message;
using jsonrpc::Outcome;

// A client that names no revision speaks the one that had no way to name it.
constexpr Revision unnamed_revision = Revision::V2025_03_26;
constexpr std::string_view json_type = "application/json";
constexpr std::string_view events_type = "text/event-stream";

HttpAnswer no_session(std::string_view id) {
  return refusal(
      404, id,
      {Code::InvalidRequest, "There is no such session of this key; send initialize again."});
}

int status_of_modern(const Fault& fault) {
  switch (fault.code) {
    case Code::MethodNotFound:
      return 404;
    case Code::InternalError:
      return 500;
    default:
      return 400;
  }
}

// Faults of what a request is about, and not of the request, are answers like any other.
int status_of_modern(const Outcome& outcome) {
  if (outcome) return 200;
  switch (outcome.error().code) {
    case Code::MissingClientCapability:
      return 400;
    case Code::LimitExceeded:
      return 429;
    default:
      return 200;
  }
}

void run(const std::shared_ptr<const Server>& server, const HttpCaller& caller, RequestPtr request,
         std::shared_ptr<HttpLink> link, const std::shared_ptr<HttpSession>& session) {
  request->link = link;
  std::shared_ptr<CallsInFlight> calls;
  if (session) calls = {session, &session->calls};
  auto answer = answer_of(request, std::move(calls),
                          [id = request->id, revision = request->revision,
                           link = std::move(link)](const Outcome* outcome) {
                            if (outcome == nullptr) return link->answer(202, {});
                            link->answer(is_modern(revision) ? status_of_modern(*outcome) : 200,
                                         jsonrpc::write_outcome(id, *outcome));
                          });
  dispatch(server, caller.provider, std::move(request), std::move(answer));
}

}  // namespace

HttpEndpoint::HttpEndpoint(std::shared_ptr<const Server> server, const HttpLimits& limits)
    : server_(std::move(server)), limits_(limits), sessions_(server_, limits) {}

void HttpEndpoint::handle(const HttpRequest& request, const HttpCaller& caller, Done done) {
  if (const auto twice = doubled_header(request)) {
    return done(refusal(400, Code::InvalidRequest,
                        "The header " + std::string(*twice) + " is there twice; send it once."));
  }
  if (request.method == "POST") return post(request, caller, done);
  if (request.method == "DELETE") return done(end_session(request, caller));
  get(request, caller, done);
}

// The stream of what belongs to no request, or one that was interrupted.
void HttpEndpoint::get(const HttpRequest& request, const HttpCaller& caller, const Done& done) {
  const auto id = header(request, "mcp-session-id");
  if (!id) {
    HttpAnswer answer = refusal(405, Code::InvalidRequest,
                                "Only a session has a stream of its own; POST messages here.");
    answer.headers.emplace_back("Allow", "POST, DELETE");
    return done(std::move(answer));
  }
  if (!accepts(request, events_type)) return done(wants_no_events());
  const auto session = sessions_.find(std::string(*id), caller.identity);
  if (!session) return done(no_session(jsonrpc::no_id));
  StreamLog::Name name = StreamLog::own;
  std::optional<std::uint64_t> seen;
  if (const auto last = header(request, "last-event-id")) {
    const auto place = StreamLog::place_of(*last);
    if (!place) {
      return done(refusal(400, Code::InvalidRequest, "Last-Event-ID is no id of this server."));
    }
    name = place->name;
    seen = place->seen;
  }
  auto stream = session->log->read(name, seen);
  if (!stream) {
    return done(refusal(404, Code::InvalidRequest,
                        "The stream of this Last-Event-ID is no longer kept here."));
  }
  if (!admission(caller)(*stream)) return done(too_many_streams());
  done(event_answer(std::move(stream)));
}

void HttpEndpoint::post(const HttpRequest& request, const HttpCaller& caller, const Done& done) {
  if (header(request, "accept") && !accepts(request, json_type)) {
    return done(refusal(406, Code::InvalidRequest,
                        "Answers are JSON: Accept must list application/json (and "
                        "text/event-stream)."));
  }
  auto value = jsonrpc::read(request.body, {.bytes_max = server_->limits.message_bytes_max});
  if (!value) return done(refusal(400, value.error().id, value.error().fault));
  if (value->is_array()) return post_legacy(request, std::move(*value), {}, caller, done);
  Message message = jsonrpc::classify(std::move(*value));
  if (message.kind == Message::Kind::Invalid) {
    return done(refusal(400, message.id, *message.fault));
  }
  const bool is_modern_body = modern::is_modern_message(message);
  // It exists in the legacy era only, so the headers do not matter.
  if (!is_modern_body && message.method == "initialize" && message.kind == Message::Kind::Request) {
    return done(initialize(message, caller));
  }
  if (is_modern_body || names_modern_era(request)) {
    return post_modern(request, std::move(message), caller, done);
  }
  post_legacy(request, {}, std::move(message), caller, done);
}

// `batch` is null for a single message.
void HttpEndpoint::post_legacy(const HttpRequest& request, Json batch, Message message,
                               const HttpCaller& caller, const Done& done) {
  Legacy from{unnamed_revision, nullptr, caller};
  if (const auto named = header(request, "mcp-protocol-version")) {
    const auto revision = revision_of(*named);
    if (!revision) return done(refusal(400, message.id, modern::unsupported_version(*named)));
    from.revision = *revision;
  }
  if (const auto id = header(request, "mcp-session-id")) {
    from.session = sessions_.find(std::string(*id), caller.identity);
    if (!from.session) return done(no_session(message.id));
    from.revision = from.session->session->revision();  // as agreed on, whatever the header says
  }
  if (!batch.is_null()) return post_batch(std::move(batch), from, done);
  std::optional<HttpLink::Events> events;
  if (accepts(request, events_type)) {
    events = HttpLink::Events{
        .log = from.session ? from.session->log : nullptr,
        .can_return = has_priming_events(from.revision),
        .preferred = prefers_events(request),
        .unread_bytes_max = limits_.streams.unread_bytes_max,
        .admit = admission(caller),
        .on_gone = [] {},  // a client of this era says when it wants no answer
    };
  }
  legacy_message(std::move(message), from, std::make_shared<HttpLink>(done, std::move(events)));
}

void HttpEndpoint::post_batch(Json batch, const Legacy& from, const Done& done) {
  if (auto fault = batch_fault(batch.size(), from.revision, server_->limits.batch_messages_max)) {
    return done(refusal(400, jsonrpc::no_id, *fault));
  }
  auto answers = std::make_shared<Batch>(batch.size(), [done](std::string text) {
    const int status = text.empty() ? 202 : 200;
    done({status, {}, std::move(text), nullptr});
  });
  for (std::size_t i = 0; i < batch.size(); ++i) {
    Message message = jsonrpc::classify(std::move(batch[i]));
    auto link = std::make_shared<HttpLink>(
        [answers, i](HttpAnswer answer) { answers->put(i, std::move(answer.body)); }, std::nullopt);
    if (message.kind == Message::Kind::Request && message.method == "initialize") {
      link->answer(
          400, jsonrpc::write_error(
                   message.id, {Code::InvalidRequest, "initialize must not be part of a batch."}));
    } else {
      legacy_message(std::move(message), from, link);
    }
  }
}

void HttpEndpoint::legacy_message(Message message, const Legacy& from,
                                  const std::shared_ptr<HttpLink>& link) {
  switch (message.kind) {
    case Message::Kind::Invalid:
      return link->answer(400, jsonrpc::write_error(message.id, *message.fault));
    case Message::Kind::Response:
      if (from.session) from.session->session->take_response(message);
      return link->answer(202, {});
    case Message::Kind::Notification:
      if (from.session) from.session->calls.heed(message);
      return link->answer(202, {});
    case Message::Kind::Request:
      legacy_request(std::move(message), from, link);
  }
}

void HttpEndpoint::legacy_request(Message message, const Legacy& from,
                                  const std::shared_ptr<HttpLink>& link) {
  if (!knows_method(*from.caller.provider, *server_, from.revision, message.method)) {
    return link->answer(200, jsonrpc::write_error(message.id, unknown_method(message.method)));
  }
  auto client =
      from.session ? from.session->session->client() : std::make_shared<const ClientFacts>();
  auto request =
      make_request(std::move(message), from.revision, std::move(client), from.caller.identity);
  if (from.session) {
    request->session = from.session->session;
    request->session->give_up_questions(Session::Clock::now() - server_->limits.input_lifetime);
    if (auto fault = from.session->calls.begin(request)) {
      return link->answer(429, jsonrpc::write_error(request->id, *fault));
    }
  }
  run(server_, from.caller, std::move(request), link, from.session);
}

void HttpEndpoint::post_modern(const HttpRequest& request, Message message,
                               const HttpCaller& caller, const Done& done) {
  const auto fail = [&](const Fault& fault) {
    done(refusal(status_of_modern(fault), message.id, fault));
  };
  if (message.kind == Message::Kind::Response) {
    return fail({Code::InvalidRequest, "Clients send requests and notifications only."});
  }
  if (message.kind == Message::Kind::Notification) return done({202, {}, {}, nullptr});
  if (auto differs = version_mismatch(request, message)) {
    return fail({Code::HeaderMismatch, std::move(*differs), {}});
  }
  auto metadata = modern::read_metadata(message.params);
  if (!metadata) return fail(metadata.error());
  if (!knows_method(*caller.provider, *server_, metadata->revision, message.method)) {
    return fail(unknown_method(message.method));
  }
  if (auto differs = mismatch(request, message)) {
    return fail({Code::HeaderMismatch, std::move(*differs), {}});
  }
  if (message.method == "subscriptions/listen" && !accepts(request, events_type)) {
    return done(wants_no_events());
  }
  auto call = make_request(std::move(message), metadata->revision, std::move(metadata->client),
                           caller.identity);
  const EventWishes wants{accepts(request, events_type), prefers_events(request)};
  if (call->method != "tools/call") return run_modern(std::move(call), caller, wants, done);
  caller.provider->list_tools([this, call, headers = HttpRequest{{}, request.headers, {}}, caller,
                               wants, done](const std::shared_ptr<const ToolList>& list) {
    const auto name = call->params.find("name");
    const Tool* tool = name != call->params.end() && name->is_string()
                           ? list->find(name->get_ref<const std::string&>())
                           : nullptr;
    auto differs = tool != nullptr ? mismatch(headers, call->params, *tool) : std::nullopt;
    if (differs) return done(refusal(400, call->id, {Code::HeaderMismatch, std::move(*differs)}));
    run_modern(call, caller, wants, done);
  });
}

void HttpEndpoint::run_modern(RequestPtr request, const HttpCaller& caller, EventWishes wants,
                              const Done& done) {
  std::optional<HttpLink::Events> events;
  if (wants.accepted) {
    events = HttpLink::Events{
        .log = nullptr,
        .can_return = false,
        .preferred = wants.preferred,
        .unread_bytes_max = limits_.streams.unread_bytes_max,
        .admit = admission(caller),
        .on_gone =
            [weak = std::weak_ptr(request)] {
              if (const auto left = weak.lock()) left->cancellation.cancel();
            },
    };
  }
  run(server_, caller, std::move(request), std::make_shared<HttpLink>(done, std::move(events)),
      nullptr);
}

HttpAnswer HttpEndpoint::initialize(const Message& message, const HttpCaller& caller) {
  const auto revision = negotiate(message.params);
  if (!revision) return refusal(400, message.id, revision.error());
  return {200,
          {{"Mcp-Session-Id",
            sessions_.begin(*revision, client_facts(message.params), caller.identity)}},
          jsonrpc::write_result(
              message.id, initialize_result(server_->info, caller.provider->features(), *revision)),
          nullptr};
}

HttpAnswer HttpEndpoint::end_session(const HttpRequest& request, const HttpCaller& caller) {
  const auto id = header(request, "mcp-session-id");
  if (!id) return refusal(400, Code::InvalidRequest, "DELETE needs the header Mcp-Session-Id.");
  if (!sessions_.end(std::string(*id), caller.identity)) {
    return refusal(404, Code::InvalidRequest, "There is no such session of this key.");
  }
  return {204, {}, {}, nullptr};
}

std::function<bool(EventStream&)> HttpEndpoint::admission(const HttpCaller& caller) {
  return [counts = streams_, identity = caller.identity, check = caller.check,
          most = limits_.streams_per_client_max](EventStream& stream) {
    stream.set_check(check);
    {
      const std::lock_guard lock(counts->mutex);
      std::size_t& open = counts->open[identity];
      if (open >= most) return false;
      ++open;
    }
    stream.hold(std::shared_ptr<void>(nullptr, [counts, identity](void*) {
      const std::lock_guard lock(counts->mutex);
      const auto found = counts->open.find(identity);
      if (--found->second == 0) counts->open.erase(found);
    }));
    return true;
  };
}

}  // namespace mcp
