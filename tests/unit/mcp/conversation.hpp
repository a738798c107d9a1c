// Providers and clients for the tests of the MCP library: everything in memory.
#pragma once

#include <catch2/catch.hpp>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "mcp/server.hpp"

namespace mcp_test {

using mcp::Json;

inline std::vector<mcp::Tool> sample_tools() {
  return {
      {"echo_text",
       "Echo a text",
       "Gives the text back.",
       {.read_only = true},
       "{\"type\": \"object\",\n \"properties\": {\"text\": {\"type\": \"string\"}}}",
       R"({"type":"object","properties":{"text":{"type":"string"}}})"},
      {"delete_thing",
       "Delete a thing",
       "Deletes \"it\".",
       {.destructive = true, .idempotent = true},
       R"({"type":"object"})",
       ""},
      {"throw_up", "Throw", "Fails.", {.open_world = true}, R"({"type":"object"})", ""},
  };
}

// Answers at once: echo_text echoes, delete_thing refuses, throw_up throws.
class DirectProvider : public mcp::Provider {
 public:
  void list_tools(std::function<void(std::shared_ptr<const mcp::ToolList>)> done) override {
    done(list_);
  }
  void call_tool(mcp::ToolCall call, mcp::Exchange,
                 std::function<void(mcp::Answered<mcp::ToolResult>)> done) override {
    ++calls;
    if (call.name == "throw_up") throw std::runtime_error("password=hunter2");
    if (call.name == "delete_thing") {
      done(mcp::ToolResult{.text = "There is no such thing.", .is_error = true});
      return;
    }
    done(mcp::ToolResult{.structured = std::move(call.arguments)});
  }
  int calls = 0;

 private:
  std::shared_ptr<const mcp::ToolList> list_ = std::make_shared<mcp::ToolList>(sample_tools());
};

// Keeps every call until the test answers it.
class HoldingProvider : public mcp::Provider {
 public:
  struct Held {
    mcp::ToolCall call;
    std::function<void(mcp::Answered<mcp::ToolResult>)> done;
    void answer() { done(mcp::ToolResult{.structured = call.arguments}); }
  };
  void list_tools(std::function<void(std::shared_ptr<const mcp::ToolList>)> done) override {
    done(list_);
  }
  void call_tool(mcp::ToolCall call, mcp::Exchange,
                 std::function<void(mcp::Answered<mcp::ToolResult>)> done) override {
    std::lock_guard lock(mutex_);
    held_.push_back({std::move(call), std::move(done)});
    changed_.notify_all();
  }
  // Waits until so many calls are held, and takes them.
  std::vector<Held> take(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return held_.size() >= count; });
    return std::exchange(held_, {});
  }

 private:
  std::shared_ptr<const mcp::ToolList> list_ = std::make_shared<mcp::ToolList>(sample_tools());
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Held> held_;
};

inline std::shared_ptr<mcp::Server> test_server(mcp::ServerLimits limits = {},
                                                mcp::DefectLog log = {}) {
  auto server = std::make_shared<mcp::Server>();
  server->info = {"test", "Test server", "1.2.3", "Use it\nwell."};
  server->limits = limits;
  server->on_defect = std::move(log);
  return server;
}

// A client that keeps what it is sent.
class Client {
 public:
  explicit Client(std::shared_ptr<mcp::Provider> provider, mcp::ServerLimits limits = {},
                  mcp::DefectLog log = {})
      : Client(test_server(limits, std::move(log)), std::move(provider)) {}

  Client(std::shared_ptr<const mcp::Server> server, std::shared_ptr<mcp::Provider> provider)
      : connection(
            std::make_unique<mcp::Connection>(std::move(server), std::move(provider), reply())) {}

  mcp::Reply reply() {
    return [this](std::string text) {
      // No lock: the Connection promises not to call concurrently, and TSan or a torn vector tells.
      CHECK(text.find('\n') == std::string::npos);
      replies.push_back(std::move(text));
    };
  }
  void send(std::string_view message) { connection->handle(message); }

  // Sends a message that is answered at once and gives the answer; null when there is none.
  Json ask(std::string_view message) {
    const auto before = replies.size();
    send(message);
    if (replies.size() == before) return nullptr;
    REQUIRE(replies.size() == before + 1);
    return Json::parse(replies.back());
  }

  Json initialize(std::string_view revision) {
    Json answer = ask(
        R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":")" +
        std::string(revision) + R"(","capabilities":{},"clientInfo":{"name":"t","version":"1"}}})");
    CHECK(ask(R"({"jsonrpc":"2.0","method":"notifications/initialized"})").is_null());
    return answer;
  }

  std::vector<std::string> replies;
  std::unique_ptr<mcp::Connection> connection;
};

inline std::string call_text(std::string_view id, std::string_view tool = "echo_text",
                             std::string_view arguments = R"({"text":"hi"})") {
  return R"({"jsonrpc":"2.0","id":)" + std::string(id) +
         R"(,"method":"tools/call","params":{"name":")" + std::string(tool) + R"(","arguments":)" +
         std::string(arguments) + "}}";
}

inline int error_code(const Json& answer) {
  if (!answer.is_object() || !answer.contains("error")) return 0;
  return answer["error"]["code"].get<int>();
}

inline std::string error_text(const Json& answer) {
  return answer.at("error").at("message").get<std::string>();
}

}  // namespace mcp_test
