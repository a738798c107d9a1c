// One tool that echoes, on our MCP library: what the MCP benchmark measures beside the official
// SDK.
//   mcp_echo_bench --stdio
//   mcp_echo_bench --listen        prints its address
#include <signal.h>

#include <cstdio>
#include <string_view>

#include "mcp/catalog.hpp"
#include "transport/http/server.hpp"
#include "transport/mcp/mcp_routes.hpp"
#include "transport/stdio/stdio_server.hpp"

namespace {

std::shared_ptr<mcp::Provider> echo() {
  auto catalog = std::make_shared<mcp::Catalog>();
  mcp::Tool tool;
  tool.name = "echo";
  tool.title = "Echo";
  tool.description = "Gives the message back.";
  tool.input_schema = R"({"type":"object","properties":{"message":{"type":"string"}},
                          "required":["message"]})";
  catalog->add(tool, [](const mcp::ToolCall& call, const mcp::Exchange&,
                        const mcp::Catalog::Done<mcp::ToolResult>& done) {
    done(mcp::ToolResult{.text = call.arguments.value("message", std::string())});
  });
  return catalog;
}

int serve_http(const std::shared_ptr<mcp::Server>& server) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  transport::mcp_http::Mount mount;
  mount.server = server;
  mount.identify = [caller = mcp::HttpCaller{echo(), "bench"}](
                       const transport::http::Request&,
                       const std::function<void(transport::mcp_http::Identified)>& done) {
    done(caller);
  };
  transport::http::Options options;
  options.port = 0;
  transport::http::Server listener(options, transport::mcp_http::mcp_routes(mount));
  if (listener.start()) return 1;
  std::printf("http://127.0.0.1:%d/mcp\n", listener.port());
  std::fflush(stdout);
  int signal_number = 0;
  sigwait(&signals, &signal_number);
  listener.stop();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  auto server = std::make_shared<mcp::Server>();
  server->info = {"echo", "Echo", "1.0.0", ""};
  const std::string_view mode = argc > 1 ? argv[1] : "";
  if (mode == "--listen") return serve_http(server);
  if (mode != "--stdio") return 2;
  transport::stdio::StdioServer(server, echo(), {}).run();
  return 0;
}
