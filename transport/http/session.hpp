// One connection of the server, from accept to close. Internal to transport/http.
#pragma once

#include <atomic>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <functional>
#include <memory>

#include "transport/http/access_log.hpp"
#include "transport/http/body_budget.hpp"
#include "transport/http/connection_table.hpp"
#include "transport/http/header_rules.hpp"
#include "transport/http/reply_slot.hpp"
#include "transport/http/request_rules.hpp"
#include "transport/http/router.hpp"
#include "transport/http/server.hpp"

namespace transport::http {

// The concrete executor of one thread's context: no type erasure on the hot path.
using Executor = boost::asio::io_context::executor_type;
using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, Executor>;
using Deadline = std::chrono::steady_clock::time_point;

// What all sessions of a server share; immutable but for the atomics.
struct Service {
  Router router;
  HostRules hosts;
  HeaderRules headers;
  Limits limits;
  FaultBody fault_body;
  std::function<void(std::string)> access_log;
  std::shared_ptr<const DefectLog> defect_log;
  Tally tally;
  BodyBudget bodies;
  ConnectionTable connections;
  std::atomic<std::size_t> streams{0};  // taken from limits.streams_max
  std::atomic<bool> stopping{false};
};

// All members are called on the thread that runs the session's context.
class Session {
 public:
  enum class Mode {
    Serve,   // answer requests
    Refuse,  // too many connections: 503, close
  };

  virtual ~Session() = default;

  // Closes or answers 408 when the phase the session is in has taken too long.
  virtual void check_deadline(Deadline now) = 0;

  // The server is stopping: close now if no request has begun, else after the answer.
  virtual void drain() = 0;

  // Close now, whatever is in flight.
  virtual void abandon() = 0;
};

// Starts a session on its socket's context; `on_end` is called there when nothing of it remains.
// `place` is null where the session only refuses.
std::shared_ptr<Session> start_session(Socket socket, Session::Mode mode,
                                       std::unique_ptr<ConnectionTable::Place> place,
                                       std::shared_ptr<boost::asio::io_context> context,
                                       std::shared_ptr<Service> service,
                                       std::function<void(Session&)> on_end);

}  // namespace transport::http
