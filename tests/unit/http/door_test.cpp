// Who gets in, and what strangers can take: bodies, connections, headers that mean two things.
#include <array>

#include "tests/unit/http/fixture.hpp"
#include "transport/http/body_budget.hpp"
#include "transport/http/connection_table.hpp"
#include "transport/http/header_rules.hpp"

using namespace http_test;
using std::chrono::milliseconds;
using transport::http::BodyBudget;
using transport::http::ConnectionTable;

namespace {

std::string upload(const std::string& key, std::size_t announced, std::size_t sent,
                   const std::string& more = "") {
  return "POST /kept HTTP/1.1\r\nHost: localhost\r\nx-api-key: " + key + "\r\n" + more +
         "Content-Length: " + std::to_string(announced) + "\r\n\r\n" + std::string(sent, 'b');
}

std::string mine(const std::string& path = "/mine") {
  return get(path, "x-api-key: sk1\r\n");
}

}  // namespace

TEST_CASE("door: nothing of a body is taken from nobody known") {
  TestServer t;
  for (const std::string& request :
       {upload("none", 8 << 20, 0), upload("none", 8 << 20, 0, "Expect: 100-continue\r\n"),
        upload("none", 8 << 20, 100'000),
        std::string("POST /kept HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
                    "5\r\nabc")}) {
    Wire wire(t.port());
    wire.send(request);
    const Reply reply = wire.read();
    CHECK(reply.status == 401);
    CHECK(reply.has("connection: close"));
    CHECK(t.server->counters().body_bytes == 0);
  }
  Wire wire(t.port());
  wire.send(upload("sk1", 5, 0, "Expect: 100-continue\r\n"));
  CHECK(wire.read().status == 100);
  wire.send("hello");
  CHECK(wire.read().body == "hello");
}

TEST_CASE("door: what is announced reserves nothing, and a share leaves room for others") {
  TestServer t(Limits{.bodies_bytes_max = 200'000});
  std::vector<std::unique_ptr<Wire>> announcing;
  for (int i = 0; i < 40; ++i) {
    announcing.push_back(std::make_unique<Wire>(t.port()));
    announcing.back()->send(upload("sk1", 190'000, 0));
  }
  Wire greedy(t.port());
  greedy.send(upload("sk1", 80'000, 60'000));
  eventually([&] { return t.server->counters().body_bytes >= 60'000; });
  Wire more(t.port());
  more.send(upload("sk1", 80'000, 80'000));
  const Reply refused = more.read();
  CHECK(refused.status == 503);
  CHECK(refused.has("retry-after: 1"));
  Wire other(t.port());
  other.send(upload("sk2", 40'000, 40'000));
  CHECK(other.read().status == 200);
  greedy.send(std::string(20'000, 'b'));
  CHECK(greedy.read().body.size() == 80'000);
  Wire again(t.port());
  again.send(upload("sk1", 80'000, 80'000));
  CHECK(again.read().status == 200);
}

TEST_CASE("door: an aborted upload gives back what it took") {
  TestServer t(Limits{.bodies_bytes_max = 100'000});
  for (int i = 0; i < 2'000; ++i) {
    Wire wire(t.port());
    if (i % 2 == 0) {
      wire.send(upload("sk1", 20'000, 10'000));
    } else {
      wire.send(
          "POST /kept HTTP/1.1\r\nHost: localhost\r\nx-api-key: sk2\r\n"
          "Transfer-Encoding: chunked\r\n\r\n4e20\r\n" +
          std::string(10'000, 'c'));
    }
  }
  eventually([&] { return t.server->counters().connections_open == 0; });
  CHECK(t.server->counters().body_bytes == 0);
  Wire wire(t.port());
  wire.send(upload("sk1", 45'000, 45'000));
  CHECK(wire.read().status == 200);
}

TEST_CASE("door: an upload that stands still ends early") {
  TestServer t(Limits{.body_bytes_per_second_min = 10'000, .body_rate_window = milliseconds(40)});
  Wire still(t.port());
  still.send(upload("sk1", 50'000, 20));
  Wire chunked(t.port());
  chunked.send(
      "POST /kept HTTP/1.1\r\nHost: localhost\r\nx-api-key: sk1\r\n"
      "Transfer-Encoding: chunked\r\n\r\n5\r\nab");
  for (Wire* wire : {&still, &chunked}) {
    CHECK(wire->read().status == 408);
    wire->finish_sending();
    CHECK(wire->closed());
  }
  eventually([&] { return t.server->counters().body_bytes == 0; });
}

TEST_CASE("door: strangers make room, the oldest first; known callers stay") {
  TestServer t(Limits{.connections_max = 3});
  Wire known(t.port());
  known.send(mine());
  CHECK(known.read().body == "mine");
  Wire first(t.port());
  first.send(get("/hello"));
  CHECK(first.read().status == 200);
  Wire half(t.port());
  half.send("POST /kept HTTP/1.1\r\nHost: loc");
  eventually([&] { return t.server->counters().connections_open == 3; });
  first.send(get("/hello"));  // answered later than half came
  CHECK(first.read().status == 200);
  Wire next(t.port());
  next.send(get("/hello"));
  CHECK(next.read().status == 200);
  CHECK(half.closed());
  Wire last(t.port());
  last.send(get("/hello"));
  CHECK(last.read().status == 200);
  CHECK(first.closed());
  known.send(mine());
  CHECK(known.read().body == "mine");
}

TEST_CASE("door: an idle connection of a known caller makes room, one at work does not") {
  TestServer t(Limits{.connections_max = 1});
  Wire idle(t.port());
  idle.send(mine());
  CHECK(idle.read().status == 200);
  Wire busy(t.port());
  busy.send(mine("/mine/held"));
  const Respond respond = t.held.take();
  CHECK(idle.closed());
  Wire refused(t.port());
  const Reply reply = refused.read();
  CHECK(reply.status == 503);
  CHECK(reply.has("retry-after: 1"));
  CHECK(reply.has("connection: close"));
  respond(Response{.content_type = "text/plain", .body = "done"});
  CHECK(busy.read().body == "done");
}

TEST_CASE("door: thousands of strangers, and a known caller is served beside them") {
  TestServer t(Limits{.connections_max = 200});
  Wire known(t.port());
  std::vector<std::unique_ptr<Wire>> strangers;
  constexpr std::array<const char*, 5> kWorst = {"", "GET /hello HTT", "\x16\x03\x01\x02",
                                                 "POST /kept HTTP/1.1\r\nHost: localhost\r\n",
                                                 "garbage\r\n\r\n"};
  for (std::size_t i = 0; i < 600; ++i) {
    strangers.push_back(std::make_unique<Wire>(t.port()));
    strangers.back()->send(kWorst[i % kWorst.size()]);
    if (i % 20 != 0) continue;
    known.send(mine());
    REQUIRE(known.read().body == "mine");
    Wire fresh(t.port());
    fresh.send(mine());
    REQUIRE(fresh.read().body == "mine");
  }
}

TEST_CASE("door: a header that is read as one value and is there twice is named") {
  TestServer t;
  const auto said = [&t](const std::string& headers) {
    Wire wire(t.port());
    wire.send(get("/mine", headers));
    const Reply reply = wire.read();
    return std::to_string(reply.status) + " " + reply.body;
  };
  for (const auto& [name, headers] : std::vector<std::pair<std::string, std::string>>{
           {"x-api-key", "x-api-key: sk1\r\nX-API-Key: sk1\r\n"},
           {"x-api-key", "x-api-key: sk1, sk2\r\n"},
           {"authorization", "Authorization: Bearer a\r\nAuthorization: Bearer b\r\n"},
           {"authorization", "Authorization: Bearer a, Bearer b\r\n"},
           {"content-type", "Content-Type: text/plain\r\nContent-Type: text/plain\r\n"},
           {"expect", "Expect: 100-continue\r\nExpect: x\r\n"},
           {"note", "Note: a\r\nNote: b\r\n"},
           {"param-region", "Param-Region: a\r\nx-other: 1\r\nParam-Region: a\r\n"}}) {
    INFO(headers);
    CHECK(said(headers).starts_with("400 {\"fault\":\"the header " + name + " is there twice"));
  }
  CHECK(said("x-api-key: sk1\r\nNote: a, b\r\n") == "200 mine");
  CHECK(said("x-api-key: sk1\r\nVia: 1.1 a\r\nVia: 1.1 b\r\n") == "200 mine");
  CHECK(said("x-api-key: sk1\r\nX-City: Z\xFCrich\r\n") == "200 mine");
  CHECK(said("x-api-key: sk1\r\nNote: Z\xFCrich\r\n")
            .starts_with("400 {\"fault\":\"the header note is not valid UTF-8"));
}

TEST_CASE("door: a list may stand in several lines") {
  TestServer t;
  Wire wire(t.port());
  wire.send(get("/accept", "Accept: application/json\r\nX: y\r\nAccept: text/event-stream\r\n"));
  CHECK(wire.read().body == "application/json, text/event-stream");
}

TEST_CASE("door: shares of the bodies") {
  BodyBudget budget(100);
  CHECK_FALSE(budget.take("a", 51));
  CHECK(budget.take("a", 50));
  CHECK_FALSE(budget.take("a", 1));
  CHECK(budget.take("b", 25));
  CHECK_FALSE(budget.take("b", 1));
  CHECK(budget.take("c", 12));
  budget.give_back("a", 50);
  CHECK(budget.take("b", 6));
  CHECK(budget.taken() == 43);
  budget.give_back("b", 31);
  budget.give_back("c", 12);
  CHECK(budget.taken() == 0);
}

TEST_CASE("door: the network with most strangers loses the oldest of them") {
  std::vector<int> evicted;
  ConnectionTable table(4);
  std::vector<std::unique_ptr<ConnectionTable::Place>> places;
  const auto enter = [&](const std::string& address) {
    const int name = static_cast<int>(places.size());
    places.push_back(table.enter(address, [&evicted, name] { evicted.push_back(name); }));
    return places.back() != nullptr;
  };
  enter("10.0.0.1");
  enter("2001:db8::1");
  enter("2001:db8::2");  // the same network
  enter("10.0.0.2");
  CHECK(evicted.empty());
  CHECK(enter("10.0.0.3"));
  CHECK(evicted == std::vector<int>{1});
  places[2]->known();
  places[2]->idle();
  for (const std::size_t i : {0U, 3U, 4U}) places[i]->known();
  CHECK(enter("10.0.0.1"));  // nobody but known callers is left, of whom one is idle
  CHECK(evicted == std::vector<int>{1, 2});
  CHECK(enter("10.0.0.1"));
  CHECK(evicted == std::vector<int>{1, 2, 5});
  places[6]->known();
  CHECK_FALSE(enter("10.0.0.1"));
  places[1]->known();  // on its way out
  places[1]->idle();
  places[3]->idle();
  places[3]->at_work();
  CHECK_FALSE(enter("10.0.0.1"));
  places[3].reset();
  CHECK(enter("10.0.0.1"));
  CHECK(transport::http::network_of("2001:db8::1") == transport::http::network_of("2001:db8::f:1"));
  CHECK(transport::http::network_of("2001:db8::1") != transport::http::network_of("2001:db9::1"));
  CHECK(transport::http::network_of("::ffff:10.0.0.1") !=
        transport::http::network_of("::ffff:10.0.0.2"));
}
