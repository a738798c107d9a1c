// Sessions of the legacy era over HTTP. Their ids are signed and say all that a node has to know of
// a session that another one began; what cannot be said so (subscriptions, the log level, streams
// to be taken up again) lives on the node.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "mcp/calls_in_flight.hpp"
#include "mcp/server.hpp"
#include "mcp/session.hpp"
#include "mcp/stream_log.hpp"

namespace mcp {

struct HttpLimits {
  std::size_t sessions_max = 10'000;  // kept on this node; the least used go first
  std::size_t sessions_per_client_max = 256;
  std::size_t streams_per_client_max = 64;  // open at once
  std::chrono::seconds session_lifetime{30 * 24 * 3'600};
  StreamLogLimits streams;
};

struct HttpSession {
  HttpSession(Revision revision, ClientFacts client, const ServerLimits& limits,
              const StreamLogLimits& streams);
  ~HttpSession() { end(); }
  HttpSession(const HttpSession&) = delete;
  HttpSession& operator=(const HttpSession&) = delete;

  // Its client has gone: what it was asked is not answered any more, and its calls are cancelled.
  void end() {
    session->leave();
    calls.cancel_all();
    session->end();
  }

  const std::shared_ptr<StreamLog> log;
  const std::shared_ptr<Session> session;
  CallsInFlight calls;
};

// Thread-safe.
class SessionTable {
 public:
  SessionTable(std::shared_ptr<const Server> server, const HttpLimits& limits);

  // The id of a new session of the client.
  std::string begin(Revision revision, const ClientFacts& client, const std::string& identity);

  // Null when the id is none of the client's, too old, or was ended here.
  std::shared_ptr<HttpSession> find(const std::string& id, const std::string& identity);

  // False when there was none.
  bool end(const std::string& id, const std::string& identity);

 private:
  struct Kept {
    std::string id;
    std::string identity;
    std::shared_ptr<HttpSession> session;
  };
  using Order = std::list<Kept>;  // the latest used first

  // Sessions that are forgotten here, told so without the lock. A call under way keeps its session
  // alive, and would wait for ever for an answer that finds another one of the same id.
  class Dropped {
   public:
    Dropped() = default;
    ~Dropped() {
      for (const auto& session : sessions_) session->session->end();
    }
    Dropped(const Dropped&) = delete;
    Dropped& operator=(const Dropped&) = delete;
    void add(std::shared_ptr<HttpSession> session) { sessions_.push_back(std::move(session)); }

   private:
    std::vector<std::shared_ptr<HttpSession>> sessions_;
  };

  std::shared_ptr<HttpSession> keep(const std::string& id, const std::string& identity,
                                    std::shared_ptr<HttpSession> session);
  std::shared_ptr<HttpSession> restore(const std::string& id, const std::string& identity) const;
  void drop(Order::iterator kept, Dropped& dropped);

  const std::shared_ptr<const Server> server_;
  const HttpLimits limits_;

  // Sessions that were ended here. An id is all there is to a session, so it is only refused where
  // its end is known; beyond ended_max the oldest are forgotten.
  static constexpr std::size_t ended_max = 10'000;
  std::mutex mutex_;  // for all below
  std::unordered_set<std::string> ended_;
  std::deque<std::string> ended_order_;
  Order order_;
  std::unordered_map<std::string, Order::iterator> by_id_;
  std::unordered_map<std::string, std::size_t> per_client_;
};

}  // namespace mcp
