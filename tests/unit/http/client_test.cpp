#include "transport/http/client.hpp"

#include <atomic>

#include "tests/unit/http/fixture.hpp"

using namespace http_test;
using std::chrono::milliseconds;
using transport::http::Client;
using transport::http::ClientTimeouts;

namespace {

std::unique_ptr<Client> client_of(std::uint16_t port, const std::string& prefix = "",
                                  ClientTimeouts timeouts = {}) {
  auto client = Client::make("http://127.0.0.1:" + std::to_string(port) + prefix, timeouts);
  REQUIRE(client);
  return std::move(*client);
}

}  // namespace

TEST_CASE("A client asks, sends bodies and keeps its connection") {
  TestServer t;
  const auto client = client_of(t.port());
  const auto hello = client->request("GET", "/hello", {{"x-request-id", "c1"}}, "");
  REQUIRE(hello);
  CHECK(hello->status == 200);
  CHECK(hello->body == "hello");
  CHECK(hello->header("x-request-id") == "c1");
  const auto echo = client->request("POST", "/echo", {{"content-type", "application/json"}}, "[2]");
  REQUIRE(echo);
  CHECK(echo->body == "[2]");
  CHECK(client->request("HEAD", "/hello", {}, "")->status == 200);
  CHECK(client->request("GET", "/nowhere", {}, "")->status == 404);
  CHECK(client->request("GET", "/empty", {}, "")->status == 204);
  CHECK(t.server->counters().connections_open == 1);
}

TEST_CASE("The base URL's path comes before every target") {
  TestServer t;
  const auto client = client_of(t.port(), "/items/");
  CHECK(client->request("GET", "/a%20b?q=1", {}, "")->body == "a b|q=1");
}

TEST_CASE("Threads share a client") {
  TestServer t(Limits{}, 2);
  const auto client = client_of(t.port());
  std::atomic<int> right = 0;
  std::vector<std::thread> threads;
  for (int n = 0; n < 6; ++n) {
    threads.emplace_back([&client, &right, n] {
      for (int i = 0; i < 30; ++i) {
        const std::string id = std::to_string(n) + "-" + std::to_string(i);
        const auto reply = client->request("GET", "/items/" + id, {}, "");
        if (reply && reply->body == id) ++right;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(right == 180);
}

TEST_CASE("A kept connection that the server has closed is replaced") {
  TestServer t(Limits{.idle_timeout = milliseconds(20)});
  const auto client = client_of(t.port());
  for (int i = 0; i < 3; ++i) {
    const auto reply = client->request("GET", "/hello", {}, "");
    REQUIRE(reply);
    CHECK(reply->body == "hello");
    while (t.server->counters().connections_open > 0) std::this_thread::yield();
  }
}

TEST_CASE("A client gives up on a server that does not answer") {
  TestServer t;
  const auto client = client_of(t.port(), "", ClientTimeouts{.exchange = milliseconds(30)});
  const auto reply = client->request("GET", "/held", {}, "");
  REQUIRE_FALSE(reply);
  CHECK(reply.error().find("took too long") != std::string::npos);
  CHECK(reply.error().find("127.0.0.1:" + std::to_string(t.port())) != std::string::npos);
}

TEST_CASE("A server that is not there is a sentence") {
  std::uint16_t port = 0;
  {
    TestServer t;
    port = t.port();
  }
  const auto reply = client_of(port)->request("GET", "/", {}, "");
  REQUIRE_FALSE(reply);
  CHECK(reply.error().find("connecting to http://127.0.0.1:") != std::string::npos);
}

TEST_CASE("Base URLs, targets and headers that cannot be meant are refused") {
  for (const char* bad : {"", "localhost:3001", "ftp://a", "http://", "http://u:pw@host/",
                          "http://host/?q", "http://host/#f", "http://ho st/"}) {
    INFO(bad);
    const auto client = Client::make(bad, {});
    REQUIRE_FALSE(client);
    CHECK(client.error().find("pw") == std::string::npos);
  }
  CHECK(Client::make("https://example.org/base", {}));
  CHECK(Client::make("http://[::1]:3001", {}));
  TestServer t;
  const auto client = client_of(t.port());
  CHECK_FALSE(client->request("GET", "hello", {}, ""));
  CHECK_FALSE(client->request("GET", "/a b", {}, ""));
  CHECK_FALSE(client->request("GET", "/\r\nx: y", {}, ""));
  CHECK_FALSE(client->request("GE T", "/", {}, ""));
  CHECK_FALSE(client->request("GET", "/hello", {{"a", "b\r\nc: d"}}, ""));
  CHECK_FALSE(client->request("GET", "/hello", {{"authorization", "x\n"}}, ""));
  CHECK_FALSE(client->request("GET", "/hello", {{"content-length", "7"}}, ""));
  CHECK(t.server->counters().requests == 0);
}

TEST_CASE("A plain server is no https server") {
  TestServer t;
  auto client = Client::make("https://localhost:" + std::to_string(t.port()), {});
  REQUIRE(client);
  const auto reply = (*client)->request("GET", "/hello", {}, "");
  REQUIRE_FALSE(reply);
  CHECK(reply.error().find("https://localhost") != std::string::npos);
}
