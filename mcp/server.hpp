// An MCP server without I/O: maps one JSON-RPC message and its connection to an answer. Transports
// (transport/stdio, transport/http) move the bytes. No word of email in this library.
//
// Protocol: legacy era by negotiation: 2025-11-25, 2025-06-18, 2025-03-26, 2024-11-05
// (https://modelcontextprotocol.io/specification). Thread-safe: `handle` may be called for many
// messages at once; handlers answer from any thread.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/describe/json.hpp"

namespace mcp {

using describe::Json;

struct ToolHints {
  bool read_only = false;
  bool destructive = false;
  bool idempotent = false;
  bool open_world = false;
};

struct Tool {
  std::string name;   // snake_case, at most 40 characters
  std::string title;
  std::string description;
  ToolHints hints;
  std::string input_schema;   // JSON text, an object schema
  std::string output_schema;  // JSON text, "" when the tool has no structured output
};

// What a tool call gives. `structured` must match the tool's output schema; the text twin is its JSON.
struct ToolResult {
  std::optional<Json> structured;
  std::string text;
  bool is_error = false;
};

struct ToolCall {
  std::string name;
  Json arguments;  // an object
};

// What the server offers to one caller. Called per request, so that a list can depend on the caller.
class ToolProvider {
 public:
  virtual ~ToolProvider() = default;
  // The tools this caller may see, in an order that does not change between calls.
  virtual void list_tools(std::function<void(std::vector<Tool>)> done) = 0;
  // `done` is called exactly once, from any thread. A name that list_tools does not give is refused
  // by the server before it comes here.
  virtual void call_tool(ToolCall call, std::function<void(ToolResult)> done) = 0;
};

struct ServerInfo {
  std::string name;
  std::string title;
  std::string version;
  std::string instructions;  // for the model; fits on a screen
};

struct ServerLimits {
  std::size_t message_bytes_max = 8 << 20;
  std::size_t calls_in_flight_max = 64;  // per connection; beyond: a JSON-RPC error
};

// One client connection (a stdio process, an HTTP session): its negotiated revision and calls in flight.
class Connection {
 public:
  Connection(const ServerInfo& info, std::shared_ptr<ToolProvider> tools, ServerLimits limits);
  ~Connection();

  // Handles one message (or a batch, under 2025-03-26). `reply` gets the JSON text of each message to
  // send to the client, without a line end; it is called zero or more times, from any thread, never
  // concurrently for one Connection. Malformed input is answered as JSON-RPC says, never thrown.
  void handle(std::string_view message, std::function<void(std::string)> reply);

  // Calls that have not been answered yet.
  std::size_t in_flight() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace mcp
