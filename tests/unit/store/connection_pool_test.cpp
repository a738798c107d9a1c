#include "core/store/connection_pool.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <memory>
#include <thread>

#include "tests/unit/engine/await.hpp"

using namespace segmentflow;

namespace {

// A server that takes so many connections and refuses the next.
struct Server {
  struct Connection {
    explicit Connection(Server& of) : server(of) { ++server.open; }
    ~Connection() { --server.open; }
    Server& server;
  };

  std::unique_ptr<Connection> connect() {
    if (open < connections_max) return std::make_unique<Connection>(*this);
    ++refused;
    throw StoreUnavailable("no more connections");
  }

  std::atomic<int> connections_max = 1;
  std::atomic<int> open = 0;
  std::atomic<int> refused = 0;
};

}  // namespace

TEST_CASE("pool: connections come back and are lent again") {
  Server server{2};
  ConnectionPool<Server::Connection> pool(4, [&] { return server.connect(); });
  for (int i = 0; i < 3; ++i) {
    auto one = pool.lend();
    auto other = pool.lend();
    CHECK(&*one != &*other);
  }
  CHECK(server.open == 2);
  pool.lend().discard();
  CHECK(server.open == 1);
}

TEST_CASE("pool: where the server takes no more, a connection on loan is waited for") {
  Server server{1};
  ConnectionPool<Server::Connection> pool(4, [&] { return server.connect(); });
  std::thread other;
  std::atomic<bool> was_lent = false;
  {
    auto one = pool.lend();
    other = std::thread([&] {
      auto same = pool.lend();
      was_lent = true;
    });
    test::await([&] { return server.refused == 1; });
  }
  other.join();
  CHECK(was_lent);
  CHECK(server.open == 1);
}

TEST_CASE("pool: without a connection on loan a refusal is told at once") {
  Server server{0};
  ConnectionPool<Server::Connection> pool(1, [&] { return server.connect(); });
  CHECK_THROWS_AS(pool.lend(), StoreUnavailable);
  CHECK_THROWS_AS(pool.lend(), StoreUnavailable);
  server.connections_max = 1;
  pool.lend();
  {
    auto one = pool.lend();
    server.connections_max = 0;
    CHECK_THROWS_AS(one.renew(), StoreUnavailable);
  }
  CHECK_THROWS_AS(pool.lend(), StoreUnavailable);
}
