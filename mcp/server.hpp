// An MCP server without I/O: maps one JSON-RPC message and its connection to an answer. Transports
// (transport/stdio, transport/http) move the bytes. No word of email in this library.
//
// Protocol: the legacy era by negotiation (2025-11-25, 2025-06-18, 2025-03-26, 2024-11-05) and the
// modern one by request (2026-07-28), on one connection
// (https://modelcontextprotocol.io/specification). Thread-safe: `handle` may be called for many
// messages at once; handlers answer from any thread.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "mcp/dispatch.hpp"
#include "mcp/provider.hpp"
#include "mcp/server_info.hpp"

namespace mcp {

struct ServerLimits {
  std::size_t message_bytes_max = 8 << 20;
  std::size_t calls_in_flight_max = 64;  // per connection; beyond: a JSON-RPC error
  std::size_t batch_messages_max = 256;  // of a batch under 2025-03-26
};

// Gets the JSON text of one message to send to the client, without any line end in it.
using Reply = std::function<void(std::string)>;

struct ConnectionState;

// One client connection (a stdio process, an HTTP session): its negotiated revision and calls in
// flight.
class Connection {
 public:
  // `on_defect` gets a sentence for a log when a provider throws; may be empty.
  Connection(const ServerInfo& info, std::shared_ptr<Provider> tools, ServerLimits limits,
             DefectLog on_defect = {});

  // No reply is called after this returns; calls in flight run on unheard.
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Handles one message (or a batch, under 2025-03-26). `reply` gets the JSON text of each message
  // to send to the client; it is called zero or more times, from any thread, never concurrently for
  // one Connection, and must not call the Connection. Malformed input is answered as JSON-RPC says,
  // never thrown.
  void handle(std::string_view message, Reply reply);

  // Answers a message that was too long to be kept. `head` is how it begins; the id is taken from
  // there when it can be seen.
  void refuse_oversized(std::string_view head, const Reply& reply);

  // Calls whose handlers have not finished, cancelled ones included. 0 means: every reply was
  // called.
  std::size_t in_flight() const;

  // Calls `then` once as soon as no call is in flight: now, or from the thread that ends the last.
  void when_idle(std::function<void()> then);

  const ServerLimits& limits() const;

 private:
  std::shared_ptr<ConnectionState> state_;
};

}  // namespace mcp
