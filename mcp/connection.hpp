// The inside of a Connection: the legacy handshake, calls in flight, replies one at a time. Only
// for the sources of this library.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "mcp/server.hpp"

namespace mcp {

// Where the answer to one message goes; called exactly once, with "" when there is none.
using Outlet = std::function<void(std::string)>;

struct ConnectionState : std::enable_shared_from_this<ConnectionState> {
  ConnectionState(ServerInfo server_info, std::shared_ptr<Provider> tools,
                  ServerLimits server_limits, DefectLog on_defect);

  void handle(std::string_view message, Reply reply);
  void handle_batch(Json batch, const Reply& reply);
  void accept(Json value, const Outlet& outlet, bool in_batch);
  void request(jsonrpc::Message message, const Outlet& outlet, bool in_batch);
  void modern_request(jsonrpc::Message message, const Outlet& outlet);
  void dispatch(Revision under, jsonrpc::Message message, const Outlet& outlet);
  jsonrpc::Outcome initialize(const Json& params);
  void cancel(const Json& params);

  // Calls the reply unless the Connection is gone.
  void send(const Reply& reply, std::string text);

  // Registers a call; a fault when its id is in flight or there are too many.
  std::optional<jsonrpc::Fault> begin_call(const std::string& id);
  // Frees the id; false when the call was cancelled, so that its answer is dropped.
  bool end_call(const std::string& id);
  // Counts the call as finished, after its answer went out.
  void finish_call();

  std::optional<Revision> revision() const;

  const std::shared_ptr<const ServerInfo> info;
  const ServerLimits limits;
  const Dispatcher dispatcher;

  std::mutex reply_mutex;
  bool closed = false;  // under reply_mutex

  mutable std::mutex mutex;  // for all below
  std::optional<Revision> negotiated;
  std::unordered_map<std::string, bool> cancelled;  // by the id of a call in flight
  std::size_t unfinished = 0;
  std::vector<std::function<void()>> idle_waiters;
};

}  // namespace mcp
