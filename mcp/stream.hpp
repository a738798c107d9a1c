// The inside of a Connection: the legacy handshake, calls in flight, replies one at a time. Only
// for the sources of this library.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "mcp/calls_in_flight.hpp"
#include "mcp/server.hpp"
#include "mcp/session.hpp"

namespace mcp {

// Where the answer to one message goes; called exactly once, with "" when there is none.
using Outlet = std::function<void(std::string)>;

class Stream : public std::enable_shared_from_this<Stream> {
 public:
  Stream(std::shared_ptr<const Server> server, std::shared_ptr<Provider> provider, Reply reply,
         std::string identity);

  void handle(std::string_view message);
  void assume(Revision revision);
  // Calls the reply unless the Connection is gone.
  void send(std::string text);
  void close();
  // The client says nothing more: what waits for it ends.
  void end_input();
  bool has_ended_input() const { return input_ended_.load(); }

  const ServerLimits& limits() const { return server_->limits; }
  CallsInFlight& calls() { return calls_; }

 private:
  void handle_batch(Json batch);
  void accept(Json value, const Outlet& outlet, bool in_batch);
  void serve(jsonrpc::Message message, const Outlet& outlet, bool in_batch);
  void serve_legacy(jsonrpc::Message message, const Outlet& outlet);
  void serve_modern(jsonrpc::Message message, const Outlet& outlet);
  void run(RequestPtr request, const Outlet& outlet);
  void answer_ping(RequestPtr request, const Outlet& outlet);
  jsonrpc::Outcome initialize(const Json& params);
  std::shared_ptr<Session> new_session(Revision revision, ClientFacts client);
  std::shared_ptr<Session> session_or_assumed();
  Outlet own_outlet();
  std::shared_ptr<Session> session() const;

  const std::shared_ptr<const Server> server_;
  const std::shared_ptr<Provider> provider_;
  const std::string identity_;
  CallsInFlight calls_;
  std::atomic<bool> input_ended_ = false;

  std::mutex reply_mutex_;
  Reply reply_;  // under reply_mutex_; empty once the Connection is gone

  mutable std::mutex mutex_;
  std::shared_ptr<Session> session_;  // under mutex_; null before `initialize`
  // Under mutex_: what a client without a handshake speaks, and whether session_ is such a one.
  std::optional<Revision> assumed_;
  bool is_assumed_ = false;
};

}  // namespace mcp
