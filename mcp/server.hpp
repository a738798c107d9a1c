// An MCP server without I/O: what it is, and one client on a stream of messages. Transports
// (transport/stdio, transport/http) move the bytes. No word of email in this library.
//
// Protocol: the legacy era by negotiation (2025-11-25, 2025-06-18, 2025-03-26, 2024-11-05) and the
// modern one by request (2026-07-28), on one connection
// (https://modelcontextprotocol.io/specification). Thread-safe: `handle` may be called for many
// messages at once; handlers answer from any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "mcp/changes.hpp"
#include "mcp/middleware.hpp"
#include "mcp/provider.hpp"
#include "mcp/seal.hpp"
#include "mcp/server_info.hpp"
#include "mcp/tasks.hpp"

namespace mcp {

struct ServerLimits {
  std::size_t message_bytes_max = 8 << 20;
  std::size_t calls_in_flight_max = 64;  // per client; beyond: a JSON-RPC error
  std::size_t batch_messages_max = 256;  // of a batch under 2025-03-26
  std::size_t page_items_max = 200;      // of prompts, resources and their templates in one answer
  std::size_t input_rounds_max = 10;     // how often one call of the legacy era may ask its client
  std::chrono::seconds input_lifetime{600};  // how long a question to a client stays open
  std::size_t subscriptions_max = 100;       // resources that one client may watch
};

// Gets a sentence about a defect, such as an exception out of a provider, for a log; from any
// thread.
using DefectLog = std::function<void(std::string_view)>;

class OpenQuestions;

// What all clients of a server share. Immutable once it serves.
struct Server {
  Server();
  ServerInfo info;
  ServerLimits limits;
  Secrets secrets = process_secrets();
  DefectLog on_defect;  // may be empty
  // What is told to clients that watch for it. Never null.
  std::shared_ptr<Changes> changes = std::make_shared<Changes>();
  // The questions to clients of the legacy era that are open (open_questions.hpp). Never null.
  std::shared_ptr<OpenQuestions> questions;
  // Where calls go on that have become tasks; null: the server has no tasks.
  std::shared_ptr<Tasks> tasks;
  std::vector<Middleware> middleware;  // the first is the outermost
};

// Gets the JSON text of one message to send to the client, without any line end in it.
using Reply = std::function<void(std::string)>;

class Stream;

// One client on a stream of messages (a stdio process, a legacy SSE session): its negotiated
// revision and calls in flight.
class Connection {
 public:
  // `reply` is called from any thread, never concurrently for one Connection, and must not call the
  // Connection. `identity`: whose connection it is; "" where there is only one client.
  Connection(std::shared_ptr<const Server> server, std::shared_ptr<Provider> provider, Reply reply,
             std::string identity = {});

  // No reply is called after this returns; calls in flight are cancelled and run on unheard.
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Handles one message (or a batch, under 2025-03-26). Malformed input is answered as JSON-RPC
  // says, never thrown.
  void handle(std::string_view message);

  // Serves a client that goes on without a handshake, as one that has agreed on this revision on a
  // connection before. It may shake hands all the same.
  void assume(Revision revision);

  // Answers a message that was too long to be kept. `head` is how it begins; the id is taken from
  // there when it can be seen.
  void refuse_oversized(std::string_view head);

  // The client says nothing more: open questions to it and what listens until it says so end. Calls
  // under way go on.
  void end_input();

  // Calls whose handlers have not finished, cancelled ones included. 0 means: every reply was
  // called.
  std::size_t in_flight() const;

  // Calls `then` once as soon as no call is in flight: now, or from the thread that ends the last.
  void when_idle(std::function<void()> then);

  const ServerLimits& limits() const;

 private:
  std::shared_ptr<Stream> stream_;
};

}  // namespace mcp
