#include <nlohmann/json.hpp>

#include "tests/unit/http/fixture.hpp"

using namespace http_test;
using std::chrono::milliseconds;

TEST_CASE("A request is answered with its id, length and sniffing switched off") {
  TestServer t;
  Wire wire(t.port());
  wire.send(get("/hello", "X-Request-Id: call-1\r\n"));
  const Reply reply = wire.read();
  CHECK(reply.status == 200);
  CHECK(reply.body == "hello");
  CHECK(reply.has("x-request-id: call-1"));
  CHECK(reply.has("content-length: 5"));
  CHECK(reply.has("x-content-type-options: nosniff"));
  CHECK(reply.head.find("connection:") == std::string::npos);
}

TEST_CASE("A connection serves one request after the other") {
  TestServer t;
  Wire wire(t.port());
  for (int i = 0; i < 50; ++i) {
    wire.send(get("/items/" + std::to_string(i)));
    CHECK(wire.read().body == std::to_string(i));
  }
  CHECK(t.server->counters().connections_open == 1);
  CHECK(t.server->counters().requests == 50);
}

TEST_CASE("Pipelined requests are answered in order") {
  TestServer t;
  Wire wire(t.port());
  std::string all;
  for (int i = 0; i < 200; ++i) all += get("/items/" + std::to_string(i)) + post("/echo", "[1]");
  wire.send(all);
  for (int i = 0; i < 200; ++i) {
    REQUIRE(wire.read().body == std::to_string(i));
    REQUIRE(wire.read().body == "[1]");
  }
}

TEST_CASE("A request may arrive byte by byte, after an empty line") {
  TestServer t;
  Wire wire(t.port());
  for (const char c : "\r\n" + post("/echo", "{\"a\":1}")) wire.send(std::string_view(&c, 1));
  CHECK(wire.read().body == "{\"a\":1}");
}

TEST_CASE("Captures and query reach the handler decoded; the log has path but no query") {
  TestServer t;
  Wire wire(t.port());
  wire.send(get("/items/a%20b?x=1+2&secret=s%3D"));
  CHECK(wire.read().body == "a b|x=1 2|secret=s=");
  const auto line = nlohmann::json::parse(t.access.wait_for("/items/"));
  CHECK(line["path"] == "/items/a%20b");
  CHECK(line["item"] == "a b");
  CHECK(line["method"] == "GET");
  CHECK(line["status"] == 200);
  CHECK(line["remote"] == "127.0.0.1");
  CHECK(line["bytes_in"].get<int>() > 40);
  CHECK(line["bytes_out"].get<int>() > 40);
  CHECK(line.dump().find("secret") == std::string::npos);
}

TEST_CASE("HEAD is GET without the body") {
  TestServer t;
  Wire wire(t.port());
  wire.send("HEAD /hello HTTP/1.1\r\nHost: localhost\r\n\r\n" + get("/hello"));
  const Reply head = wire.read(true);
  CHECK(head.status == 200);
  CHECK(head.has("content-length: 5"));
  CHECK(wire.read().body == "hello");
}

TEST_CASE("204 has neither body nor length") {
  TestServer t;
  Wire wire(t.port());
  wire.send(get("/empty") + get("/hello"));
  const Reply reply = wire.read();
  CHECK(reply.status == 204);
  CHECK(reply.head.find("content-") == reply.head.find("content-type-options"));
  CHECK(wire.read().body == "hello");
}

TEST_CASE("Refusals without a body keep the connection") {
  TestServer t;
  Wire wire(t.port());
  wire.send(get("/nowhere"));
  const Reply unknown = wire.read();
  CHECK(unknown.status == 404);
  CHECK(unknown.has("content-type: application/json"));
  CHECK(unknown.has("cache-control: no-store"));
  wire.send("DELETE /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const Reply method = wire.read();
  CHECK(method.status == 405);
  CHECK(method.has("allow: get, head, options"));
  wire.send("OPTIONS /echo HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const Reply options = wire.read();
  CHECK(options.status == 204);
  CHECK(options.has("allow: options, post"));
  wire.send(get("/hello"));
  CHECK(wire.read().status == 200);
}

TEST_CASE("Refusals of a request with a body are answered before the body, then closed") {
  TestServer t;
  struct Case {
    const char* request;
    int status;
  };
  for (const Case& c : {
           Case{"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                "Content-Length: 101\r\n\r\n",
                413},
           Case{"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n", 415},
           Case{"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n"
                "Content-Length: 2\r\n\r\n",
                415},
           Case{"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                "Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n",
                415},
           Case{"POST /nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n", 404},
           Case{"POST /hello HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n", 405},
           Case{"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                "Transfer-Encoding: chunked\r\n\r\n65\r\n",
                413},
       }) {
    INFO(c.request);
    Wire wire(t.port());
    wire.send(c.request);
    const Reply reply = wire.read();
    CHECK(reply.status == c.status);
    CHECK(reply.has("connection: close"));
    wire.finish_sending();
    CHECK(wire.closed());
  }
}

TEST_CASE("A refused body on its way does not destroy the answer") {
  TestServer t;
  Wire wire(t.port());
  wire.send(post("/echo", std::string(500'000, 'x')));
  CHECK(wire.read().status == 413);
}

TEST_CASE("A body of exactly the limit is taken") {
  TestServer t;
  Wire wire(t.port());
  wire.send(post("/echo", std::string(100, '1')));
  CHECK(wire.read().body.size() == 100);
  const std::string big(200'000, 'z');
  wire.send(post("/raw", big, "application/octet-stream"));
  CHECK(wire.read().body == big);
}

TEST_CASE("Chunked bodies are read; trailers do not become headers") {
  TestServer t;
  Wire wire(t.port());
  wire.send(
      "POST /raw HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n4;ext=1\r\ndefg\r\n0\r\nX-Trailer: 1\r\n\r\n" +
      get("/hello"));
  CHECK(wire.read().body == "abcdefg");
  CHECK(wire.read().body == "hello");
}

TEST_CASE("Expect: 100-continue is answered before the body") {
  TestServer t;
  Wire wire(t.port());
  wire.send(
      "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  CHECK(wire.read().status == 100);
  wire.send("{}");
  CHECK(wire.read().body == "{}");
}

TEST_CASE("HTTP/1.0 closes unless asked to stay") {
  TestServer t;
  Wire stays(t.port());
  stays.send("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  CHECK(stays.read().has("connection: keep-alive"));
  stays.send("GET /hello HTTP/1.0\r\n\r\n");
  CHECK(stays.read().has("connection: close"));
  CHECK(stays.closed());
  Wire asked(t.port());
  asked.send(get("/hello", "Connection: close\r\n"));
  CHECK(asked.read().has("connection: close"));
  CHECK(asked.closed());
}

TEST_CASE("Malformed and ambiguous requests are refused and the connection closed") {
  TestServer t;
  const std::string host = "Host: localhost\r\n";
  for (const std::string& bad : std::vector<std::string>{
           std::string("GARBAGE\r\n\r\n"),
           std::string("\x16\x03\x01\x02\x00", 5),
           "GET /hello HTTP/2.0\r\n" + host + "\r\n",
           "GET /hello HTTP/1.1\r\nHost localhost\r\n\r\n",
           "GET /hello HTTP/1.1\r\nHost : localhost\r\n\r\n",
           "POST /raw HTTP/1.1\r\n" + host +
               "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
           "POST /raw HTTP/1.1\r\n" + host +
               "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
           "POST /raw HTTP/1.1\r\n" + host + "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
           "POST /raw HTTP/1.1\r\n" + host + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
           "POST /raw HTTP/1.1\r\n" + host + "Content-Length: -1\r\n\r\n",
           "POST /raw HTTP/1.1\r\n" + host + "Content-Length: 99999999999999999999999\r\n\r\n",
           "POST /raw HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip\r\n\r\n",
           "POST /raw HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
           "POST /raw HTTP/1.1\r\n" + host + "Transfer-Encoding: xchunked\r\n\r\n",
           "POST /raw HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
           "POST /raw HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
           "POST /raw HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n\r\n",
           "POST /raw HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n1;" +
               std::string(200'000, 'e'),
           "GET /hello HTTP/1.1\r\n" + host + host + "\r\n",
           "POST /raw HTTP/1.1\r\n" + host + "Content-Length:\r\n 3\r\n\r\nabc",
           "POST /raw HTTP/1.1\r\n" + host + "Content-Length: 1\r\n\t3\r\n\r\nabc",
           "POST /raw HTTP/1.1\r\n" + host + "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
           "GET /hello HTTP/1.1\r\n" + host + "X-Any: a\r\n b\r\n\r\n",
           "GET /hello HTTP/1.1\r\n" + host + "X-Any: a\nX-More: b\r\n\r\n",
           "GET /hello HTTP/1.1\r\n" + host + "X-Any: a\rb\r\n\r\n",
           "GET /hello HTTP/1.1\n" + host + "X: y\r\n\r\n",
           "GET /hello HTTP/1.1\r\n" + host + "X-Any: a" + std::string(1, '\0') + "b\r\n\r\n",
           "GET /hello HTTP/1.1\r\n" + host + "X-Any: a\x01\r\n\r\n",
           "GET /hello HTTP/1.1\r\n" + host + "X Any: a\r\n\r\n",
           "GET /hello HTTP/1.1\r\n" + host + ": a\r\n\r\n",
           "POST /raw HTTP/1.1\r\n" + host + "Content-Length: 3, 3\r\n\r\nabc",
           "POST /raw HTTP/1.1\r\n" + host + "Content-Length: +3\r\n\r\nabc",
           "POST /raw HTTP/1.1\r\n" + host +
               "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
           "POST /raw HTTP/1.1\r\n" + host +
               "Transfer-Encoding: chunked\r\n\r\n3;a\nb\r\nabc\r\n0\r\n\r\n",
           "POST /raw HTTP/1.1\r\n" + host +
               "Transfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n",
       }) {
    INFO(bad.substr(0, 200));
    Wire wire(t.port());
    wire.send(bad);
    const Reply reply = wire.read();
    CHECK(reply.status == 400);
    CHECK(reply.has("connection: close"));
    wire.finish_sending();
    CHECK(wire.closed());
  }
  CHECK(t.defects.count() == 0);
}

TEST_CASE("Well-framed but wrong requests are refused and the connection kept") {
  TestServer t;
  Wire wire(t.port());
  std::string many;
  for (int i = 0; i < 101; ++i) many += "a=1&";
  for (const std::string& bad : std::vector<std::string>{
           std::string("GET /hello HTTP/1.1\r\n\r\n"), get("hello"), get("/hello#x"),
           get("/items/%zz"), get("/hello?a=%f"), get("/hello?" + many), get("*")}) {
    INFO(bad);
    wire.send(bad);
    CHECK(wire.read().status == 400);
  }
  wire.send(get("/hello"));
  CHECK(wire.read().status == 200);
}

TEST_CASE("Heads longer than the limit are refused") {
  TestServer t(Limits{.header_bytes_max = 1000});
  Wire fits(t.port());
  const std::string empty = get("/hello", "X: \r\n");
  fits.send(get("/hello", "X: " + std::string(1000 - empty.size(), 'a') + "\r\n"));
  CHECK(fits.read().status == 200);
  fits.send(get("/hello", "X: " + std::string(1001 - empty.size(), 'a') + "\r\n"));
  CHECK(fits.read().status == 431);
  Wire endless(t.port());
  endless.send("GET /" + std::string(100'000, 'a'));
  CHECK(endless.read().status == 431);
}

TEST_CASE("Host names that are not ours are refused with 403") {
  TestServer t(Limits{}, 1, {"mail.example.org"});
  const auto status = [&t](const std::string& request) {
    Wire wire(t.port());
    wire.send(request);
    return wire.read().status;
  };
  CHECK(status("GET /hello HTTP/1.1\r\nHost: evil.example\r\n\r\n") == 403);
  CHECK(status("GET /hello HTTP/1.1\r\nHost:\r\n\r\n") == 403);
  CHECK(status("GET http://evil.example/hello HTTP/1.1\r\nHost: localhost\r\n\r\n") == 403);
  CHECK(status("GET http://localhost/hello HTTP/1.1\r\nHost: evil.example\r\n\r\n") == 200);
  CHECK(status("GET /hello HTTP/1.1\r\nHost: mail.example.org:443\r\n\r\n") == 200);
  CHECK(status("GET /hello HTTP/1.1\r\nHost: [::1]:1\r\n\r\n") == 200);
  CHECK(status("GET /hello HTTP/1.1\r\nHost: 127.0.0.2:1\r\n\r\n") == 200);
}

TEST_CASE("A route that is open to any Host is open to no page of another site") {
  TestServer t;
  const auto status = [&t](const std::string& path, const std::string& headers) {
    Wire wire(t.port());
    wire.send("GET " + path + " HTTP/1.1\r\n" + headers + "\r\n");
    return wire.read().status;
  };
  CHECK(status("/open", "Host: 10.2.3.4:3001\r\n") == 200);
  CHECK(status("/open", "Host: a.service.of.some.cluster\r\n") == 200);
  CHECK(status("/open", "") == 400);
  CHECK(status("/open", "Host: 10.2.3.4\r\nOrigin: https://evil.example\r\n") == 403);
  CHECK(status("/hello", "Host: 10.2.3.4\r\n") == 403);
  CHECK(status("/nowhere", "Host: 10.2.3.4\r\n") == 403);
}

TEST_CASE("A slow head or body is answered 408; an idle connection is closed silently") {
  TestServer t(Limits{.header_timeout = milliseconds(40),
                      .body_timeout = milliseconds(40),
                      .idle_timeout = milliseconds(40)});
  Wire head(t.port());
  head.send("GET /hel");
  CHECK(head.read().status == 408);
  CHECK(head.closed());
  Wire body(t.port());
  body.send("POST /raw HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nab");
  CHECK(body.read().status == 408);
  Wire silent(t.port());
  CHECK(silent.closed());
  Wire idle(t.port());
  idle.send(get("/hello"));
  CHECK(idle.read().status == 200);
  CHECK(idle.closed());
}

TEST_CASE("Counters count answers by status") {
  TestServer t;
  Wire wire(t.port());
  wire.send(get("/hello") + get("/hello") + get("/nowhere"));
  for (int i = 0; i < 3; ++i) wire.read();
  const auto counters = t.server->counters();
  CHECK(counters.requests == 3);
  CHECK(counters.responses.at(200) == 2);
  CHECK(counters.responses.at(404) == 1);
  CHECK(counters.connections_open == 1);
}

TEST_CASE("Many connections over several threads each get their own answers") {
  TestServer t(Limits{}, 3);
  std::vector<std::unique_ptr<Wire>> wires;
  for (int i = 0; i < 64; ++i) wires.push_back(std::make_unique<Wire>(t.port()));
  for (int round = 0; round < 5; ++round) {
    for (std::size_t i = 0; i < wires.size(); ++i) {
      wires[i]->send(get("/items/" + std::to_string(i) + "-" + std::to_string(round)));
    }
    for (std::size_t i = 0; i < wires.size(); ++i) {
      CHECK(wires[i]->read().body == std::to_string(i) + "-" + std::to_string(round));
    }
  }
}
