#include "mcp/http_endpoint.hpp"

#include <algorithm>
#include <array>

#include "mcp/batch.hpp"
#include "mcp/handshake.hpp"
#include "mcp/header_value.hpp"
#include "mcp/modern.hpp"

namespace mcp {
namespace {

using jsonrpc::Code;
using jsonrpc::Fault;
using jsonrpc::Message;
using jsonrpc::Outcome;

// A client that names no revision speaks the one that had no way to name it.
constexpr Revision unnamed_revision = Revision::V2025_03_26;

constexpr std::array<std::string_view, 4> protocol_headers = {
    "mcp-session-id", "mcp-protocol-version", "mcp-method", "mcp-name"};

std::optional<std::string> header(const HttpRequest& request, std::string_view name) {
  for (const auto& [key, value] : request.headers) {
    if (key == name) return value;
  }
  return std::nullopt;
}

// Two of one name would let a gateway and us read two different requests.
std::optional<std::string_view> doubled_header(const HttpRequest& request) {
  for (const std::string_view name : protocol_headers) {
    const auto count = std::ranges::count_if(request.headers,
                                             [&](const auto& each) { return each.first == name; });
    if (count > 1) return name;
  }
  return std::nullopt;
}

HttpAnswer refusal(int status, std::string_view id, const Fault& fault) {
  return {status, {}, jsonrpc::write_error(id, fault)};
}

HttpAnswer refusal(int status, Code code, std::string sentence) {
  return refusal(status, jsonrpc::no_id, {code, std::move(sentence)});
}

std::string write_outcome(std::string_view id, const Outcome& outcome) {
  return outcome ? jsonrpc::write_result(id, *outcome) : jsonrpc::write_error(id, outcome.error());
}

bool accepts_json(const HttpRequest& request) {
  const auto accept = header(request, "accept");
  if (!accept) return true;
  for (const std::string_view type : {"application/json", "application/*", "*/*"}) {
    if (accept->find(type) != std::string::npos) return true;
  }
  return false;
}

// The member of the params that Mcp-Name repeats; nullptr where there is none.
const char* named_by(std::string_view method) {
  if (method == "tools/call" || method == "prompts/get") return "name";
  return method == "resources/read" ? "uri" : nullptr;
}

// What the headers of the modern era say has to be what the body says. nullopt: it is.
std::optional<std::string> mismatch(const HttpRequest& request, const Message& message) {
  const auto differs = [](std::string_view name, std::string_view body) {
    return "The header " + std::string(name) + " must be " + jsonrpc::quoted(body) +
           ", as in the body.";
  };
  const std::string version = modern::version_in(message.params).value_or("");
  if (header(request, "mcp-protocol-version") != version) {
    return differs("MCP-Protocol-Version", version);
  }
  if (header(request, "mcp-method") != message.method) return differs("Mcp-Method", message.method);
  const char* member = named_by(message.method);
  if (member == nullptr) return std::nullopt;
  const auto name = message.params.find(member);
  if (name == message.params.end() || !name->is_string()) return std::nullopt;
  const auto given = header(request, "mcp-name");
  const auto& wanted = name->get_ref<const std::string&>();
  if (!given || decode_header_value(*given) != wanted) return differs("Mcp-Name", wanted);
  return std::nullopt;
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

}  // namespace

HttpEndpoint::HttpEndpoint(ServerInfo info, ServerLimits limits, HttpSecrets secrets,
                           DefectLog on_defect)
    : info_(std::make_shared<const ServerInfo>(std::move(info))),
      limits_(limits),
      secrets_(std::move(secrets)),
      on_defect_(std::move(on_defect)) {}

void HttpEndpoint::handle(HttpRequest request, const HttpCaller& caller, Done done) {
  if (const auto twice = doubled_header(request)) {
    return done(refusal(400, Code::InvalidRequest,
                        "The header " + std::string(*twice) + " is there twice; send it once."));
  }
  if (request.method == "POST") return post(request, caller, done);
  if (request.method == "DELETE") return done(end_session(request, caller));
  HttpAnswer answer = refusal(405, Code::InvalidRequest,
                              "This endpoint opens no stream of its own; POST messages to it.");
  answer.headers.emplace_back("Allow", "POST, DELETE");
  done(std::move(answer));
}

void HttpEndpoint::post(const HttpRequest& request, const HttpCaller& caller, const Done& done) {
  if (!accepts_json(request)) {
    return done(refusal(406, Code::InvalidRequest,
                        "Answers are JSON: Accept must list application/json (and "
                        "text/event-stream)."));
  }
  describe::JsonLimits json_limits;
  json_limits.bytes_max = limits_.message_bytes_max;
  auto value = jsonrpc::read(request.body, json_limits);
  if (!value) return done(refusal(400, value.error().id, value.error().fault));

  const auto named = header(request, "mcp-protocol-version");
  if (named && !revision_of(*named)) {
    return done(refusal(400, jsonrpc::no_id, modern::unsupported_version(*named)));
  }
  const bool names_modern =
      (named && is_modern(*revision_of(*named))) || header(request, "mcp-method").has_value();
  Message message;
  const bool is_batch = value->is_array();
  if (!is_batch) message = jsonrpc::classify(*value);
  if (!is_batch && message.kind == Message::Kind::Invalid) {
    return done(refusal(400, message.id, *message.fault));
  }
  if (!is_batch && (names_modern || modern::is_modern_message(message))) {
    return post_modern(request, std::move(message), caller, done);
  }
  if (message.method == "initialize" && message.kind == Message::Kind::Request) {
    return done(initialize(message, caller));
  }
  Revision revision = unnamed_revision;
  if (const auto id = header(request, "mcp-session-id")) {
    const auto known = session_revision(*id, caller);
    if (!known) {
      return done(refusal(
          404, message.id,
          {Code::InvalidRequest, "There is no such session of this key; send initialize again."}));
    }
    revision = *known;
  }
  if (named) revision = *revision_of(*named);
  if (is_batch) return post_batch(std::move(*value), revision, caller, done);
  legacy_message(std::move(message), revision, caller, [done](std::string text) {
    done(text.empty() ? HttpAnswer{202, {}, {}} : HttpAnswer{200, {}, std::move(text)});
  });
}

void HttpEndpoint::post_batch(Json batch, Revision revision, const HttpCaller& caller,
                              const Done& done) {
  std::string problem;
  if (!has_batches(revision)) {
    problem = "Batches exist only under revision 2025-03-26; send one message at a time.";
  } else if (batch.empty()) {
    problem = "A batch must hold at least one message.";
  } else if (batch.size() > limits_.batch_messages_max) {
    problem = "A batch may hold at most " + std::to_string(limits_.batch_messages_max) +
              " messages; split it.";
  }
  if (!problem.empty()) return done(refusal(400, Code::InvalidRequest, std::move(problem)));
  auto answers = std::make_shared<Batch>(batch.size(), [done](std::string text) {
    done(text.empty() ? HttpAnswer{202, {}, {}} : HttpAnswer{200, {}, std::move(text)});
  });
  for (std::size_t i = 0; i < batch.size(); ++i) {
    Message message = jsonrpc::classify(std::move(batch[i]));
    auto outlet = [answers, i](std::string text) { answers->put(i, std::move(text)); };
    if (message.kind == Message::Kind::Request && message.method == "initialize") {
      outlet(jsonrpc::write_error(
          message.id, {Code::InvalidRequest, "initialize must not be part of a batch."}));
    } else {
      legacy_message(std::move(message), revision, caller, outlet);
    }
  }
}

void HttpEndpoint::legacy_message(Message message, Revision revision, const HttpCaller& caller,
                                  const std::function<void(std::string)>& outlet) {
  if (message.kind == Message::Kind::Invalid) {
    return outlet(jsonrpc::write_error(message.id, *message.fault));
  }
  // Notifications and responses are taken: this endpoint asks nothing of its clients, and a call
  // ends with its request.
  if (message.kind != Message::Kind::Request) return outlet({});
  const std::string id = message.id;
  if (message.method == "ping") return outlet(jsonrpc::write_result(id, "{}"));
  const Dispatcher dispatcher(info_, caller.provider, on_defect_);
  if (!dispatcher.knows(revision, message.method)) {
    return outlet(jsonrpc::write_error(id, unknown_method(message.method)));
  }
  dispatcher.dispatch(revision, std::move(message),
                      [id, outlet](const Outcome& outcome) { outlet(write_outcome(id, outcome)); });
}

void HttpEndpoint::post_modern(const HttpRequest& request, Message message,
                               const HttpCaller& caller, const Done& done) {
  const std::string id = message.id;
  const auto fail = [&](const Fault& fault) { done(refusal(status_of_modern(fault), id, fault)); };
  if (message.kind == Message::Kind::Response) {
    return fail({Code::InvalidRequest, "Clients send requests and notifications only."});
  }
  if (message.kind == Message::Kind::Notification) return done({202, {}, {}});
  if (const auto revision = modern::check_metadata(message.params); !revision) {
    return fail(revision.error());
  } else if (auto differs = mismatch(request, message)) {
    return fail({Code::HeaderMismatch, std::move(*differs)});
  } else if (const Dispatcher dispatcher(info_, caller.provider, on_defect_);
             !dispatcher.knows(*revision, message.method)) {
    return fail(unknown_method(message.method));
  } else {
    dispatcher.dispatch(*revision, std::move(message), [id, done](const Outcome& outcome) {
      done({200, {}, write_outcome(id, outcome)});
    });
  }
}

HttpAnswer HttpEndpoint::initialize(const Message& message, const HttpCaller& caller) {
  const auto revision = negotiate(message.params);
  if (!revision) return refusal(400, message.id, revision.error());
  return {200,
          {{"Mcp-Session-Id", new_session(*revision, caller)}},
          jsonrpc::write_result(message.id,
                                initialize_result(*info_, caller.provider->features(), *revision))};
}

HttpAnswer HttpEndpoint::end_session(const HttpRequest& request, const HttpCaller& caller) {
  const auto id = header(request, "mcp-session-id");
  if (!id) return refusal(400, Code::InvalidRequest, "DELETE needs the header Mcp-Session-Id.");
  if (!session_revision(*id, caller)) {
    return refusal(404, Code::InvalidRequest, "There is no such session of this key.");
  }
  const std::lock_guard lock(mutex_);
  if (ended_.insert(*id).second) ended_order_.push_back(*id);
  if (ended_order_.size() > ended_max) {
    ended_.erase(ended_order_.front());
    ended_order_.pop_front();
  }
  return {204, {}, {}};
}

std::string HttpEndpoint::signature(std::string_view text, std::string_view identity) const {
  std::string signed_text(text);
  signed_text.append("\n").append(identity);
  return to_hex(secrets_.mac(signed_text));
}

std::string HttpEndpoint::new_session(Revision revision, const HttpCaller& caller) {
  std::string id(text_of(revision));
  id.append(".").append(secrets_.random_name());
  return id + "." + signature(id, caller.identity);
}

std::optional<Revision> HttpEndpoint::session_revision(const std::string& id,
                                                       const HttpCaller& caller) {
  const std::size_t first = id.find('.');
  const std::size_t last = id.rfind('.');
  if (first == std::string::npos || first == last) return std::nullopt;
  const auto revision = revision_of(std::string_view(id).substr(0, first));
  if (!revision || is_modern(*revision)) return std::nullopt;
  const auto given = std::string_view(id).substr(last + 1);
  if (!equal_in_constant_time(given,
                              signature(std::string_view(id).substr(0, last), caller.identity))) {
    return std::nullopt;
  }
  const std::lock_guard lock(mutex_);
  return ended_.contains(id) ? std::nullopt : revision;
}

}  // namespace mcp
