// JSON-RPC 2.0 messages: reading, classifying, writing (https://www.jsonrpc.org/specification),
// with the narrowings of MCP: ids are strings or integers, params are objects. No I/O, no state.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "schemas/describe/json.hpp"

namespace mcp::jsonrpc {

using describe::Json;

// A longer id is refused: every id is kept until its call is answered.
inline constexpr std::size_t id_bytes_max = 1024;

enum class Code : int {
  ParseError = -32700,
  InvalidRequest = -32600,
  MethodNotFound = -32601,
  InvalidParams = -32602,
  InternalError = -32603,
  ResourceNotFound = -32002,  // up to 2025-11-25
  LimitExceeded = -32005,     // of the range for implementations: too many calls in flight
  HeaderMismatch = -32020,
  MissingClientCapability = -32021,
  UnsupportedProtocolVersion = -32022,
};

struct Fault {
  Code code;
  std::string message;  // a sentence: what was wrong, where, what to do
  std::string data;     // JSON text for machines; "" for none
};

// An answer before it has an id: the JSON text of the result, or a fault.
using Outcome = tl::expected<std::string, Fault>;

// Ids are kept as their JSON text: `7` and `"7"` differ, and echoing one cannot change its type.
inline constexpr std::string_view no_id = "null";

struct Message {
  enum class Kind { Request, Notification, Response, Invalid };
  Kind kind = Kind::Invalid;
  std::string id{no_id};       // JSON text; "null" when there is none or it cannot be used
  std::string method;          // of a request or notification
  Json params;                 // of a request or notification; an object, empty when absent
  Json result;                 // of a response
  std::optional<Fault> fault;  // of an invalid message, or of a response that is an error
};

// Why a text is no JSON that can be handled, and the id to answer under, as far as it can be seen.
struct ReadFault {
  Fault fault;
  std::string id;
};

// Parses the JSON text of a message or batch under `limits`.
tl::expected<Json, ReadFault> read(std::string_view text, const describe::JsonLimits& limits);

// The id of the message that `text` is or begins, "null" when it cannot be told. For answers to
// messages that cannot be read whole, so that their senders need not wait for a timeout.
std::string find_id(std::string_view text);

// Tells what a JSON value is as a JSON-RPC message. Never throws; a value that is none is Invalid.
Message classify(Json value);

// The JSON text of a string, an integer id of the client's, or nullopt when `value` cannot be an
// id.
std::optional<std::string> id_text(const Json& value);

// The JSON text of a response. `result` is JSON text and spliced in as it is.
std::string write_result(std::string_view id, std::string_view result);
std::string write_error(std::string_view id, const Fault& fault);
std::string write_outcome(std::string_view id, const Outcome& outcome);
// The error object alone.
std::string write_fault(const Fault& fault);

// The JSON text of a notification or a request of ours; `params` is JSON text.
std::string write_notification(std::string_view method, std::string_view params);
std::string write_request(std::string_view id, std::string_view method, std::string_view params);

// Appends `text` to `out` as a JSON string. Bytes that are not UTF-8 become U+FFFD.
void append_string(std::string& out, std::string_view text);

// `text` in single quotes for an error message, cut when it is longer than a name would be.
std::string quoted(std::string_view text);

}  // namespace mcp::jsonrpc
