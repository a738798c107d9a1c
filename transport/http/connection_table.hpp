// Which connection goes when room is needed for another. Internal to transport/http.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

namespace transport::http {

// Thread-safe. A connection is a stranger's until one of its requests has shown a credential that
// holds. Strangers go first, whatever they are doing: of the network that has most of them the one
// that was last answered, or came, longest ago. A reverse proxy, whose connections carry known
// callers, is no stranger, so there is no fixed limit to a network. When no stranger is left, the
// connection of a known caller goes that has been idle longest; those at work stay.
class ConnectionTable {
  struct Connection;
  using Connections = std::list<Connection>;
  struct Connection {
    std::string network;
    std::function<void()> evict;
    Connections* in;
  };

 public:
  explicit ConnectionTable(std::size_t connections_max) : connections_max_(connections_max) {}

  // A connection's place, for as long as it is open.
  class Place {
   public:
    Place(ConnectionTable& table, Connections::iterator at) : table_(table), at_(at) {}
    ~Place() { table_.leave(at_); }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

    // A request of it has shown who sends it.
    void known() { table_.known(at_); }
    // A request of a known caller begins.
    void at_work() { table_.at_work(at_); }
    // It has been answered.
    void idle() { table_.idle(at_); }

   private:
    ConnectionTable& table_;
    const Connections::iterator at_;
  };

  // A place for a new connection from this address. Where there is none, another connection loses
  // its own and `evict` of it is called, on this thread; nullptr when none can.
  std::unique_ptr<Place> enter(const std::string& address, std::function<void()> evict);

 private:
  void leave(Connections::iterator at);
  void known(Connections::iterator at);
  void at_work(Connections::iterator at);
  void idle(Connections::iterator at);

  // All below with mutex_ held.
  Connections* victims();
  void move(Connections::iterator at, Connections& to);
  void note_strangers(const std::string& network, std::size_t before, std::size_t after);

  const std::size_t connections_max_;
  std::mutex mutex_;
  std::size_t places_taken_ = 0;
  std::unordered_map<std::string, Connections> strangers_;      // by network, oldest first
  std::set<std::pair<std::size_t, std::string>> strangers_of_;  // how many, of which network
  Connections idle_;     // of known callers, longest idle first
  Connections at_work_;  // of known callers
  Connections evicted_;  // closing; they take no place any more
};

// The part of an address that one party has at its will: all of an IPv4 address, and the first 64
// bits of an IPv6 address.
std::string network_of(const std::string& address);

}  // namespace transport::http
