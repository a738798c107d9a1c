// The stdio transport over pipes and sockets.
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <csignal>
#include <thread>

#include "tests/unit/mcp/conversation.hpp"
#include "transport/stdio/line_reader.hpp"
#include "transport/stdio/stdio_server.hpp"

using namespace mcp_test;
using transport::stdio::LineReader;
using transport::stdio::StdioEnd;
using transport::stdio::StdioOptions;
using transport::stdio::StdioServer;

namespace {

const std::string initialize_line =
    R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25"}})"
    "\n";

// A server on its own thread, and the client's ends of its pipes (or of one socket pair).
class Process {
 public:
  explicit Process(std::shared_ptr<mcp::Provider> provider, mcp::ServerLimits limits = {},
                   StdioOptions options = {}, bool sockets = false) {
    std::array<int, 2> in{};
    std::array<int, 2> out{};
    if (sockets) {
      REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, in.data()) == 0);
      REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, out.data()) == 0);
    } else {
      REQUIRE(pipe(in.data()) == 0);
      REQUIRE(pipe(out.data()) == 0);
    }
    server_fds = {in[0], out[1]};
    to_server = in[1];
    from_server = out[0];
    options.input_fd = in[0];
    options.output_fd = out[1];
    server =
        std::make_unique<StdioServer>(mcp_test::test_server(limits), std::move(provider), options);
  }
  ~Process() {
    close_input();
    close_output();
    if (thread.joinable()) thread.join();
    server.reset();
    for (int fd : server_fds) close(fd);
  }

  void start() {
    thread = std::thread([this] { end = server->run(); });
  }
  StdioEnd wait() {
    thread.join();
    return end;
  }
  void write(std::string_view text) {
    while (!text.empty()) {
      const auto count = ::write(to_server, text.data(), text.size());
      REQUIRE(count > 0);
      text.remove_prefix(static_cast<std::size_t>(count));
    }
  }
  // Reads up to the next line end; "" at the end of output.
  std::string line() {
    for (;;) {
      const auto found = received.find('\n');
      if (found != std::string::npos) {
        std::string text = received.substr(0, found);
        received.erase(0, found + 1);
        return text;
      }
      std::array<char, 4096> buffer;
      const auto count = ::read(from_server, buffer.data(), buffer.size());
      if (count <= 0) return {};
      received.append(buffer.data(), static_cast<std::size_t>(count));
    }
  }
  Json answer() { return Json::parse(line()); }
  void close_input() {
    if (to_server >= 0) close(std::exchange(to_server, -1));
  }
  void close_output() {
    if (from_server >= 0) close(std::exchange(from_server, -1));
  }

  std::array<int, 2> server_fds{};
  int to_server = -1;
  int from_server = -1;
  std::string received;
  std::unique_ptr<StdioServer> server;
  std::thread thread;
  StdioEnd end = StdioEnd::InputFailed;
};

std::vector<std::string> lines_of(LineReader& reader) {
  std::vector<std::string> lines;
  while (auto line = reader.next())
    lines.push_back((line->oversized ? "!" : "") + std::string(line->text));
  return lines;
}

}  // namespace

TEST_CASE("lines are cut however the bytes come in") {
  const std::string stream = "one\r\n\n  \t\r\ntwo\nthree is too long for it\n12345678\r\nrest";
  for (std::size_t step : {std::size_t{1}, std::size_t{2}, std::size_t{7}, stream.size()}) {
    CAPTURE(step);
    LineReader reader(8);
    std::vector<std::string> lines;
    for (std::size_t i = 0; i < stream.size(); i += step) {
      reader.feed(std::string_view(stream).substr(i, step));
      for (auto& line : lines_of(reader)) lines.push_back(line);
    }
    REQUIRE(lines.size() == 4);
    CHECK(lines[0] == "one");
    CHECK(lines[1] == "two");
    CHECK(lines[2].starts_with("!three"));
    CHECK(lines[3] == "12345678");
    auto rest = reader.rest();
    REQUIRE(rest);
    CHECK(rest->text == "rest");
    CHECK_FALSE(reader.rest());
  }
}

TEST_CASE("an oversized line is reported once even when it never ends") {
  LineReader reader(10'000);
  for (int i = 0; i < 100; ++i) {
    reader.feed(std::string(5'000, 'x'));
    CHECK_FALSE(reader.next());
  }
  auto rest = reader.rest();
  REQUIRE(rest);
  CHECK(rest->oversized);
  CHECK(rest->text.size() == transport::stdio::oversized_head_bytes);
  CHECK_FALSE(reader.rest());
}

TEST_CASE("a conversation over pipes and over sockets") {
  const bool sockets = GENERATE(false, true);
  Process process(std::make_shared<DirectProvider>(), {}, {}, sockets);
  process.start();
  process.write(initialize_line);
  CHECK(process.answer()["result"]["protocolVersion"] == "2025-11-25");
  process.write("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\r\n\r\n\n");
  process.write(call_text("1") + "\r\n" + call_text("\"2\"") + "\n" + call_text("3").substr(0, 20));
  CHECK(process.answer()["id"] == 1);
  CHECK(process.answer()["id"] == "2");
  process.write(call_text("3").substr(20) + "\n\xff\xfe\n");
  CHECK(process.answer()["id"] == 3);
  CHECK(error_code(process.answer()) == -32700);
  process.close_input();
  CHECK(process.wait() == StdioEnd::EndOfInput);
}

TEST_CASE("an oversized line is refused with its id and the next one is served") {
  mcp::ServerLimits limits;
  limits.message_bytes_max = 1'000;
  Process process(std::make_shared<DirectProvider>(), limits);
  process.start();
  process.write(call_text("9", "echo_text", '"' + std::string(300'000, 'a') + '"') + "\n");
  const Json refused = process.answer();
  CHECK(error_code(refused) == -32600);
  CHECK(refused["id"] == 9);
  process.write(initialize_line);
  CHECK(process.answer()["id"] == 0);
  process.close_input();
  CHECK(process.wait() == StdioEnd::EndOfInput);
}

TEST_CASE("answers of calls in flight at the end of input are still written") {
  auto provider = std::make_shared<HoldingProvider>();
  Process process(provider);
  process.start();
  process.write(initialize_line + call_text("1") + "\n" + call_text("2") + "\n" + call_text("3"));
  process.close_input();
  auto held = provider->take(3);  // the last one had no line end
  CHECK(process.answer()["id"] == 0);
  held[2].answer();
  CHECK(process.answer()["id"] == 3);  // not kept back for the slower ones
  held[0].answer();
  held[1].answer();
  CHECK(process.wait() == StdioEnd::EndOfInput);
  CHECK(process.answer()["id"] == 1);
  CHECK(process.answer()["id"] == 2);
}

TEST_CASE("a call that does not end in time is left behind without harm") {
  auto provider = std::make_shared<HoldingProvider>();
  StdioOptions options;
  options.drain_timeout = std::chrono::milliseconds(1);
  std::vector<HoldingProvider::Held> held;
  {
    Process process(provider, {}, options);
    process.start();
    process.write(initialize_line + call_text("1") + "\n");
    held = provider->take(1);
    process.close_input();
    CHECK(process.wait() == StdioEnd::EndOfInput);
    CHECK(process.server->in_flight() == 1);
  }
  held[0].answer();  // to a server that is gone
}

TEST_CASE("large answers to a slow reader arrive whole, from many threads") {
  const bool sockets = GENERATE(false, true);
  auto provider = std::make_shared<HoldingProvider>();
  StdioOptions options;
  options.unread_output_bytes_max = 1;
  Process process(provider, {}, options, sockets);
  process.start();
  const std::string large(200'000, 'z');
  process.write(initialize_line);
  for (int i = 1; i <= 8; ++i) {
    process.write(call_text(std::to_string(i), "echo_text", R"({"text":")" + large + "\"}") + "\n");
  }
  auto held = provider->take(8);
  std::vector<std::thread> threads;
  for (auto& call : held) threads.emplace_back([&call] { call.answer(); });
  for (auto& thread : threads) thread.join();  // no answering thread waits for the reader
  CHECK(process.answer()["id"] == 0);
  int sum = 0;
  for (int i = 1; i <= 8; ++i) {
    const Json answer = process.answer();
    sum += answer["id"].get<int>();
    CHECK(answer["result"]["structuredContent"]["text"] == large);
  }
  CHECK(sum == 36);
  process.close_input();
  CHECK(process.wait() == StdioEnd::EndOfInput);
}

TEST_CASE("a client that has gone ends the server, without a signal") {
  const bool sockets = GENERATE(false, true);
  Process process(std::make_shared<DirectProvider>(), {}, {}, sockets);
  process.close_output();
  process.start();
  process.write(initialize_line);
  CHECK(process.wait() == StdioEnd::ClientGone);
}

TEST_CASE("a client that goes while calls are in flight is waited for") {
  auto provider = std::make_shared<HoldingProvider>();
  Process process(provider);
  process.start();
  process.write(initialize_line + call_text("1") + "\n" + call_text("2") + "\n");
  auto held = provider->take(2);
  CHECK(process.answer()["id"] == 0);
  process.close_output();
  held[0].answer();
  held[1].answer();
  CHECK(process.wait() == StdioEnd::ClientGone);
  CHECK(process.server->in_flight() == 0);
}

TEST_CASE("stop ends a server that waits, before and after it begins") {
  Process waiting(std::make_shared<DirectProvider>());
  waiting.start();
  waiting.write(initialize_line);
  CHECK(waiting.answer()["id"] == 0);
  waiting.server->stop();
  CHECK(waiting.wait() == StdioEnd::Stopped);

  Process early(std::make_shared<DirectProvider>());
  early.server->stop();
  early.start();
  CHECK(early.wait() == StdioEnd::Stopped);
}

namespace {
std::atomic<StdioServer*> stopped_by_signal{nullptr};
}

TEST_CASE("stop works from a signal handler, and answers calls in flight") {
  auto provider = std::make_shared<HoldingProvider>();
  Process process(provider);
  stopped_by_signal = process.server.get();
  struct sigaction action{};
  struct sigaction before{};
  action.sa_handler = [](int) { stopped_by_signal.load()->stop(); };
  REQUIRE(sigaction(SIGUSR1, &action, &before) == 0);
  process.start();
  process.write(initialize_line + call_text("1") + "\n");
  auto held = provider->take(1);
  raise(SIGUSR1);
  held[0].answer();
  CHECK(process.wait() == StdioEnd::Stopped);
  CHECK(process.answer()["id"] == 0);
  CHECK(process.answer()["id"] == 1);
  sigaction(SIGUSR1, &before, nullptr);
}

TEST_CASE("the output pipe is given back as it was") {
  std::array<int, 2> out{};
  REQUIRE(pipe(out.data()) == 0);
  const int before = fcntl(out[1], F_GETFL);
  {
    const transport::stdio::OutputDescriptor output(out[1]);
    CHECK((fcntl(out[1], F_GETFL) & O_NONBLOCK) != 0);
  }
  CHECK(fcntl(out[1], F_GETFL) == before);
  close(out[0]);
  close(out[1]);
}

TEST_CASE("an input that cannot be read ends the server") {
  StdioOptions options;
  options.input_fd = 1'000'000;  // beyond any descriptor table
  StdioServer server(mcp_test::test_server(), std::make_shared<DirectProvider>(), options);
  CHECK(server.run() == StdioEnd::InputFailed);
}
