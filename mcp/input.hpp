// What a handler may need from the client before it can answer: a person's decision, a model's
// words, the client's roots. A handler says so with InputRequired and is called again with the
// answers. In the modern era the client does the asking
// (https://modelcontextprotocol.io/specification/2026-07-28/basic/utilities/mrtr); a legacy client
// is asked by requests of ours. Handlers need not know the difference.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <variant>
#include <vector>

#include "mcp/client_facts.hpp"
#include "mcp/jsonrpc.hpp"

namespace mcp {

struct InputRequest {
  std::string name;    // by which the handler finds the answer
  std::string method;  // elicitation/create, sampling/createMessage or roots/list
  Json params;
  // The handler can go on without an answer: it is called again where none came
  // (Exchange::is_unanswered), while any other call ends with a fault. A client of the modern era
  // that gives no answer makes no further call.
  bool is_optional = false;
};

struct InputRequired {
  std::vector<InputRequest> requests;
  // What the handler wants back with the answers. The client carries it, sealed: it cannot be
  // changed, nor used for another call, by another caller, or after ServerLimits::input_lifetime.
  // It can be used twice.
  std::optional<std::string> state;
};

// What has been answered so far.
struct Inputs {
  Json responses = Json::object();  // by the name of the request
  std::optional<std::string> state;
  std::set<std::string> unanswered = {};  // names of optional requests
};

// A handler's answer: the result, a question first, or a fault of the protocol.
template <class Result>
using Answered = std::variant<Result, InputRequired, jsonrpc::Fault>;

// A form that a person fills in. `schema`: a flat object schema of primitive members.
InputRequest elicitation(std::string name, std::string_view message, Json schema);

// The fault when the client has not declared what the requests need; nullopt: it has.
std::optional<jsonrpc::Fault> missing_capability(const std::vector<InputRequest>& requests,
                                                 const ClientFacts& client);
// `capabilities`: ClientCapabilities of the specification, as they would have to be declared.
jsonrpc::Fault missing_capability(std::string_view sentence, const Json& capabilities);

// The inputResponses of params of the modern era. InvalidParams when they are no object of objects.
tl::expected<Json, jsonrpc::Fault> read_input_responses(const Json& params);

// The member inputRequests, JSON text.
std::string input_requests_member(const std::vector<InputRequest>& requests);

}  // namespace mcp
