// What handlers may do wrong or late, and what happens to requests in flight at shutdown.
#include "tests/unit/http/fixture.hpp"

using namespace http_test;
using std::chrono::milliseconds;

namespace {

Response text(std::string body) {
  return Response{.content_type = "text/plain", .body = std::move(body)};
}

}  // namespace

TEST_CASE("A handler may answer later from another thread") {
  TestServer t;
  Wire wire(t.port());
  wire.send(get("/held") + get("/hello"));
  std::thread answering([respond = t.held.take()] { respond(text("late")); });
  CHECK(wire.read().body == "late");
  CHECK(wire.read().body == "hello");
  answering.join();
}

TEST_CASE("Answers from another thread race with nothing") {
  TestServer t(Limits{}, 2);
  Wire wire(t.port());
  for (int i = 0; i < 200; ++i) {
    wire.send(get("/held"));
    std::thread answering([respond = t.held.take(), i] { respond(text(std::to_string(i))); });
    REQUIRE(wire.read().body == std::to_string(i));
    answering.join();
  }
}

TEST_CASE("A client that leaves while the handler works does no harm") {
  TestServer t;
  {
    Wire wire(t.port());
    wire.send(get("/held"));
    const Respond respond = t.held.take();
    wire.close();
    respond(text(std::string(10'000'000, 'x')));
  }
  CHECK_FALSE(t.access.wait_for("/held").empty());
  Wire next(t.port());
  next.send(get("/hello"));
  CHECK(next.read().status == 200);
}

TEST_CASE("A dropped answer and an exception are 500 and a line in the defect log") {
  TestServer t;
  Wire wire(t.port());
  wire.send(get("/dropped", "x-request-id: r7\r\n"));
  const Reply dropped = wire.read();
  CHECK(dropped.status == 500);
  CHECK(dropped.has("x-request-id: r7"));
  CHECK_FALSE(t.defects.wait_for("gave no answer to request r7").empty());
  wire.send(get("/throws"));
  const Reply thrown = wire.read();
  CHECK(thrown.status == 500);
  CHECK(thrown.body.find("luck") == std::string::npos);
  CHECK_FALSE(t.defects.wait_for("no such luck").empty());
  wire.send(get("/held"));
  std::thread([respond = t.held.take()] {}).join();
  CHECK(wire.read().status == 500);
}

TEST_CASE("A second answer is ignored and logged") {
  TestServer t;
  Wire wire(t.port());
  wire.send(get("/twice") + get("/hello"));
  CHECK(wire.read().body == "first");
  CHECK(wire.read().body == "hello");
  CHECK_FALSE(t.defects.wait_for("twice").empty());
}

TEST_CASE("A header that would split the response is refused") {
  TestServer t;
  Wire wire(t.port());
  wire.send(get("/split") + get("/hello"));
  const Reply reply = wire.read();
  CHECK(reply.status == 500);
  CHECK(reply.head.find("stolen") == std::string::npos);
  CHECK_FALSE(t.defects.wait_for("location").empty());
  CHECK(wire.read().body == "hello");
}

TEST_CASE("Stopping closes idle connections and answers requests in flight") {
  TestServer t;
  Wire idle(t.port());
  idle.send(get("/hello"));
  CHECK(idle.read().status == 200);
  Wire busy(t.port());
  busy.send(get("/held"));
  const Respond respond = t.held.take();
  std::thread stopping([&t] { t.server->stop(); });
  CHECK(idle.closed());
  respond(text("done"));
  const Reply reply = busy.read();
  CHECK(reply.body == "done");
  CHECK(reply.has("connection: close"));
  CHECK(busy.closed());
  stopping.join();
  t.server->stop();
  CHECK(t.server->counters().connections_open == 0);
}

TEST_CASE("A handler that outlives the drain time loses its client, not the process") {
  auto t = std::make_unique<TestServer>(Limits{.drain_timeout = milliseconds(20)});
  Wire wire(t->port());
  wire.send(get("/held"));
  const Respond respond = t->held.take();
  t->server->stop();
  CHECK(wire.closed());
  t->server.reset();
  respond(text("too late"));
  CHECK(t->defects.count() == 0);
}

TEST_CASE("An address in use is named together with what to do") {
  TestServer t;
  Options options;
  options.port = t.port();
  Server second(options, {});
  CHECK(second.start() == "cannot listen on 127.0.0.1:" + std::to_string(t.port()) +
                              ": the address is in use by another process; stop it or choose "
                              "another with --listen");
  options.address = "mail.example";
  CHECK(Server(options, {}).start()->find("is not an IP address") != std::string::npos);
  second.stop();
}

TEST_CASE("A server that never started, and one that started twice") {
  Server server(Options{.port = 0}, {});
  server.stop();
  CHECK_FALSE(server.start());
  CHECK(server.start());
}
