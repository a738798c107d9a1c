// A server on our MCP library with all that the official conformance suite asks for.
//   mcp_conformance_server --listen 127.0.0.1:PORT     (0: any; the address is printed)
//   mcp_conformance_server --stdio
#include <signal.h>

#include <charconv>
#include <cstdio>
#include <string_view>

#include "tests/conformance/fixtures.hpp"
#include "transport/http/server.hpp"
#include "transport/mcp/mcp_routes.hpp"
#include "transport/stdio/stdio_server.hpp"

namespace {

using namespace conformance;
namespace http = transport::http;

std::shared_ptr<mcp::Server> make_server() {
  auto server = std::make_shared<mcp::Server>();
  server->info = {"conformance", "Conformance server", "1.0.0", "Everything there is to test."};
  mcp::TaskLimits limits;
  limits.poll_interval = std::chrono::milliseconds(100);
  server->tasks =
      std::make_shared<mcp::Tasks>(limits, server->secrets.random_name, server->changes);
  server->on_defect = [](std::string_view sentence) {
    std::fprintf(stderr, "%.*s\n", static_cast<int>(sentence.size()), sentence.data());
  };
  return server;
}

std::shared_ptr<mcp::Provider> make_provider(const mcp::Server& server) {
  auto catalog = std::make_shared<Catalog>(
      mcp::Features{.logging = true, .resource_subscriptions = true, .list_changes = true});
  const auto delays = std::make_shared<Delays>();
  add_content_tools(*catalog, delays);
  add_asking_tools(*catalog);
  add_input_required_tools(*catalog);
  add_task_tools(*catalog, delays);
  add_change_tools(*catalog, server.changes);
  add_resources(*catalog);
  add_prompts(*catalog);
  return catalog;
}

int serve_http(std::uint16_t port, std::shared_ptr<mcp::Server> server) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  transport::mcp_http::Mount mount;
  mount.identify = [caller = mcp::HttpCaller{make_provider(*server), "tester"}](
                       const http::Request&,
                       const std::function<void(transport::mcp_http::Identified)>& done) {
    done(caller);
  };
  const auto tasks = server->tasks;
  mount.server = std::move(server);
  http::Options options;
  options.port = port;
  options.limits.drain_timeout = std::chrono::milliseconds(500);
  http::Server listener(options, transport::mcp_http::mcp_routes(mount));
  if (const auto problem = listener.start()) {
    std::fprintf(stderr, "%s\n", problem->c_str());
    return 1;
  }
  std::printf("http://127.0.0.1:%d\n", listener.port());
  std::fflush(stdout);
  int signal_number = 0;
  sigwait(&signals, &signal_number);
  listener.stop();
  tasks->end();
  return 0;
}

int serve_stdio(const std::shared_ptr<mcp::Server>& server) {
  transport::stdio::StdioServer stdio(server, make_provider(*server), {});
  stdio.run();
  server->tasks->end();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  constexpr std::string_view address = "127.0.0.1:";
  const std::string_view mode = argc > 1 ? argv[1] : "";
  if (mode == "--stdio" && argc == 2) return serve_stdio(make_server());
  const std::string_view listen = argc == 3 ? argv[2] : "";
  std::uint16_t port = 0;
  const char* end = listen.data() + listen.size();
  const bool is_valid = mode == "--listen" && listen.starts_with(address) &&
                        std::from_chars(listen.data() + address.size(), end, port).ptr == end;
  if (is_valid) return serve_http(port, make_server());
  std::fprintf(stderr, "usage: mcp_conformance_server --listen 127.0.0.1:PORT | --stdio\n");
  return 2;
}
