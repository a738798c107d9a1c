// Bodies that come bit by bit.
#include "tests/unit/http/fixture.hpp"
#include "transport/http/stream_signal.hpp"

using namespace http_test;
using std::chrono::milliseconds;

namespace {

// A source that a test fills.
class Spring final : public transport::http::BodySource {
 public:
  Chunk take() override {
    const std::lock_guard lock(mutex_);
    return {std::exchange(bytes_, {}), finished_};
  }
  void on_ready(std::function<void()> wake) override {
    {
      const std::lock_guard lock(mutex_);
      if (bytes_.empty() && !finished_) {
        wake_ = std::move(wake);
        return;
      }
    }
    wake();
  }
  void abandon() override {
    const std::lock_guard lock(mutex_);
    abandoned_ = true;
    changed_.notify_all();
  }
  std::string keep_alive() override { return ":\n"; }
  // A reader that may not read any more is found out without anything to read.
  void tick() override {
    if (ticks_left > 0 && --ticks_left == 0) put("", true);
  }

  void put(std::string_view bytes, bool finish = false) {
    std::function<void()> wake;
    {
      const std::lock_guard lock(mutex_);
      bytes_.append(bytes);
      finished_ = finish;
      wake = std::exchange(wake_, nullptr);
    }
    if (wake) wake();
  }
  bool is_abandoned() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), [&] { return abandoned_; });
  }

  std::atomic<int> ticks_left = 0;  // to its end; 0: it does not look

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string bytes_;
  bool finished_ = false;
  bool abandoned_ = false;
  std::function<void()> wake_;
};

Response streaming(std::shared_ptr<Spring> spring) {
  return Response{.content_type = "text/event-stream", .source = std::move(spring)};
}

// Opens a stream on the wire.
std::shared_ptr<Spring> open(TestServer& t, Wire& wire, const std::string& request) {
  auto spring = std::make_shared<Spring>();
  wire.send(request);
  t.held.take()(streaming(spring));
  return spring;
}

}  // namespace

TEST_CASE("stream: chunks go out as they come, and the connection serves on") {
  TestServer t;
  Wire wire(t.port());
  const auto spring = open(t, wire, get("/held"));
  const Reply head = wire.read(true);
  CHECK(head.status == 200);
  CHECK(head.has("transfer-encoding: chunked"));
  CHECK(head.has("content-type: text/event-stream"));
  CHECK(head.head.find("content-length") == std::string::npos);
  spring->put("one");
  CHECK(wire.read_until("\r\n") == "3\r\n");
  CHECK(wire.read_until("\r\n") == "one\r\n");
  spring->put(std::string(100'000, 'x'));
  CHECK(wire.read_until("x\r\n").size() == 7 + 100'000 + 2);
  spring->put("end", true);
  CHECK(wire.read_until("0\r\n\r\n") == "3\r\nend\r\n0\r\n\r\n");
  CHECK(spring->is_abandoned());
  wire.send(get("/hello"));
  CHECK(wire.read().body == "hello");
  CHECK(t.access.wait_for("\"path\":\"/held\"").find("\"aborted\"") == std::string::npos);
}

TEST_CASE("stream: a source that has ended at once") {
  TestServer t;
  Wire wire(t.port());
  auto spring = std::make_shared<Spring>();
  spring->put("all", true);
  wire.send(get("/held"));
  t.held.take()(streaming(spring));
  wire.read(true);
  CHECK(wire.read_until("0\r\n\r\n") == "3\r\nall\r\n0\r\n\r\n");
}

TEST_CASE("stream: silence is broken") {
  Limits limits;
  limits.keep_alive_interval = milliseconds(20);
  TestServer t(limits);
  Wire wire(t.port());
  const auto spring = open(t, wire, get("/held"));
  wire.read(true);
  CHECK(wire.read_until(":\n\r\n") == "2\r\n:\n\r\n");
  CHECK(wire.read_until(":\n\r\n") == "2\r\n:\n\r\n");
  spring->put("x", true);
  wire.read_until("1\r\nx\r\n0\r\n\r\n");
}

TEST_CASE("stream: a client that has gone is noticed in silence") {
  TestServer t;
  Wire wire(t.port());
  const auto spring = open(t, wire, get("/held"));
  wire.read(true);
  wire.close();
  CHECK(spring->is_abandoned());
  CHECK_FALSE(t.access.wait_for("\"aborted\":true").empty());
  spring->put("late");
}

TEST_CASE("stream: the next request may already be there") {
  TestServer t;
  for (const bool together : {true, false}) {
    Wire wire(t.port());
    const auto spring = open(t, wire, together ? get("/held") + get("/hello") : get("/held"));
    wire.read(true);
    if (!together) wire.send(get("/hello"));
    spring->put("a");
    wire.read_until("1\r\na\r\n");
    spring->put("b", true);
    wire.read_until("1\r\nb\r\n0\r\n\r\n");
    CHECK(wire.read().body == "hello");
  }
}

TEST_CASE("stream: a client that does not read is cut off") {
  Limits limits;
  limits.write_timeout = milliseconds(100);
  TestServer t(limits);
  Wire wire(t.port());
  const auto spring = open(t, wire, get("/held"));
  wire.read(true);
  spring->put(std::string(64 << 20, 'x'));
  CHECK(spring->is_abandoned());
}

TEST_CASE("stream: HTTP/1.0 gets it up to the end of the connection") {
  TestServer t;
  Wire wire(t.port());
  const auto spring =
      open(t, wire, "GET /held HTTP/1.0\r\nHost: 127.0.0.1\r\nConnection: keep-alive\r\n\r\n");
  const Reply head = wire.read(true);
  CHECK(head.head.find("transfer-encoding") == std::string::npos);
  CHECK(head.has("connection: close"));
  spring->put("bare", true);
  CHECK(wire.read_until("bare") == "bare");
  CHECK(wire.closed());
}

TEST_CASE("stream: HEAD gets the head alone") {
  TestServer t;
  Wire wire(t.port());
  const auto spring = open(t, wire, "HEAD /held HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  CHECK(wire.read(true).status == 200);
  CHECK(spring->is_abandoned());
  wire.send(get("/hello"));
  CHECK(wire.read().body == "hello");
}

TEST_CASE("stream: a server that stops ends it") {
  TestServer t;
  Wire wire(t.port());
  const auto spring = open(t, wire, get("/held"));
  wire.read(true);
  t.server->stop();
  CHECK(spring->is_abandoned());
  CHECK(wire.read_until("0\r\n\r\n") == "0\r\n\r\n");
  CHECK(wire.closed());
}

TEST_CASE("stream: there may be only so many") {
  Limits limits;
  limits.streams_max = 1;
  TestServer t(limits);
  Wire first(t.port());
  const auto spring = open(t, first, get("/held"));
  first.read(true);
  Wire second(t.port());
  const auto refused = open(t, second, get("/held"));
  const Reply reply = second.read();
  CHECK(reply.status == 503);
  CHECK(reply.has("retry-after: 1"));
  CHECK(refused->is_abandoned());
  spring->put("x", true);
  first.read_until("0\r\n\r\n");
  first.send(get("/hello"));  // answered when the share of the stream is given back
  first.read();
  open(t, second, get("/held"))->put("y", true);
  CHECK(second.read(true).status == 200);
}

TEST_CASE("stream: wakes from many threads, also when nobody waits") {
  TestServer t;
  Wire wire(t.port());
  const auto spring = open(t, wire, get("/held"));
  wire.read(true);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 200; ++n) spring->put("z");
    });
  }
  for (auto& thread : threads) thread.join();
  spring->put("", true);
  const std::string all = wire.read_until("\r\n0\r\n\r\n");
  CHECK(std::count(all.begin(), all.end(), 'z') == 800);
}

TEST_CASE("stream: a silent one is looked at now and then") {
  TestServer t(Limits{.header_timeout = milliseconds(20)});  // and so the sweep comes often
  Wire wire(t.port());
  const auto spring = open(t, wire, get("/held"));
  wire.read(true);
  spring->ticks_left = 3;
  CHECK(wire.read_until("0\r\n\r\n") == "0\r\n\r\n");
}
