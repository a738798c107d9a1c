// The registry over REST, without a socket: which parts of a request make an operation's input, and
// back, for clients that bridge to a server.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tools/registry.hpp"

namespace segmentflow {

using Pairs = std::vector<std::pair<std::string, std::string>>;

// A request as transport hands it over.
struct RestRequest {
  Pairs captures;  // of the path
  Pairs query;
  Pairs headers;  // names in lower case
  std::string body;
};

struct RestResponse {
  int status = 200;
  Pairs headers;
  std::function<std::string()> body;  // written when asked for
};

// The secret of the caller: x-api-key or Authorization: Bearer; "" when there is neither.
// ValidationFailed when both are there and are not the same.
Result<std::string> api_key_of(const Pairs& headers);

// A sentence when the caller gives two idempotency keys: in two headers, or in one into which a
// proxy has joined them ("a-1, b-2"). A key with such a comma in it is written in quotes. Of two
// headers rest_input() takes the first, as 0.1.0 did, which did not refuse them.
std::optional<std::string> two_keys(const Pairs& headers);

// Whether the operation reads the header Idempotency-Key.
bool reads_idempotency_key(const Operation& operation);

// The headers that operations read, those of two_keys() apart; names in lower case.
std::vector<std::string> operation_headers(const Registry& registry);

// One object with all fields of the operation. ValidationFailed (or PayloadTooLarge) for a body
// that is not one JSON object, for query parameters that are unknown or given twice, and for a body
// where none is expected.
Result<describe::Json> rest_input(const Operation& operation, const RestRequest& request);

RestResponse rest_response(const Result<Answer>& answer, std::string_view request_id);

// The other way round, for a bridge: the request that makes the operation's call with these
// arguments.
struct RestCall {
  std::string method;
  std::string target;  // path and query, percent-encoded
  Pairs headers;
  std::string body;  // "" for none
};
RestCall rest_call(const Operation& operation, const describe::Json& arguments);

}  // namespace segmentflow
