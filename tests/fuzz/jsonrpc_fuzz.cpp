// Fuzzes an MCP connection: reading JSON-RPC, both eras, questions, tasks, cancellation.
// Input: one message a line, as over stdio.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "mcp/catalog.hpp"
#include "mcp/server.hpp"
#include "tests/fuzz/promise.hpp"

namespace {

using fuzz::require;
using mcp::Json;

std::shared_ptr<mcp::Server> make_server() {
  auto server = std::make_shared<mcp::Server>();
  server->info = {"fuzz", "Fuzz", "1", "Break it."};
  server->tasks =
      std::make_shared<mcp::Tasks>(mcp::TaskLimits{}, server->secrets.random_name, server->changes);
  server->on_defect = [](std::string_view) { require(false, "a provider that threw"); };
  return server;
}

mcp::Tool tool(const char* name, mcp::TaskSupport task) {
  mcp::Tool made;
  made.name = name;
  made.input_schema = R"({"type":"object"})";
  made.task = task;
  return made;
}

// One tool that echoes, one that asks, and goes on as a task where it can.
std::shared_ptr<mcp::Provider> make_provider() {
  auto catalog = std::make_shared<mcp::Catalog>(
      mcp::Features{.logging = true, .resource_subscriptions = true, .list_changes = true});
  catalog->add(tool("echo", mcp::TaskSupport::None),
               [](const mcp::ToolCall& call, const mcp::Exchange& exchange,
                  const mcp::Catalog::Done<mcp::ToolResult>& done) {
                 exchange.progress(1, 2, "half");
                 exchange.log(mcp::LogLevel::Info, "fuzz", call.arguments);
                 done(mcp::ToolResult{.structured = call.arguments});
               });
  catalog->add(tool("ask", mcp::TaskSupport::Optional),
               [](const mcp::ToolCall&, const mcp::Exchange& exchange,
                  const mcp::Catalog::Done<mcp::ToolResult>& done) {
                 exchange.continue_as_task();
                 if (exchange.input("q") != nullptr) return done(mcp::ToolResult{.text = "done"});
                 done(mcp::InputRequired{{mcp::elicitation("q", "?", Json::object())}, "state"});
               });
  catalog->add(mcp::Resource{"fuzz://a", "a", "", "", ""},
               [](const std::string&, const std::string&, const mcp::Exchange&,
                  const mcp::Catalog::Done<mcp::Provider::Contents>& done) {
                 done(mcp::Provider::Contents({{"fuzz://a", "text/plain", "a", {}}}));
               });
  return catalog;
}

void check(const std::string& reply) {
  require(reply.find('\n') == std::string::npos, "a reply of one line");
  const auto read = describe::parse_json(reply, {.bytes_max = std::string::npos});
  require(read.has_value(), "a reply that is JSON");
  const auto messages = read->is_array() ? *read : Json::array({*read});
  for (const Json& message : messages) {
    require(message.is_object() && message.value("jsonrpc", "") == "2.0", "JSON-RPC 2.0");
    const bool answers = message.contains("result") != message.contains("error");
    require(message.contains("method") || (answers && message.contains("id")),
            "an answer, or a message of its own");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto server = make_server();
  static const auto provider = make_provider();
  std::size_t replies = 0;
  mcp::Connection connection(server, provider, [&](const std::string& reply) {
    check(reply);
    ++replies;
  });
  std::string_view text(reinterpret_cast<const char*>(data), size);
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const auto before = replies;
    connection.handle(line);
    const auto read = describe::parse_json(line);
    if (!read) require(replies == before + 1, "an answer to what is no JSON");
    server->changes->tell({mcp::Change::Of::Resource, "fuzz://a", {}});
  }
  server->tasks->end();
  return 0;
}
