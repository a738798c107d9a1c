#include <fmt/format.h>
#include <signal.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <thread>

#include "app/callers.hpp"
#include "app/commands/commands.hpp"
#include "app/log.hpp"
#include "app/mcp_server.hpp"
#include "app/resource_watch.hpp"
#include "transport/stdio/stdio_server.hpp"

namespace segmentflow::app {
namespace {

// A host waits five seconds before it kills a server whose input it has closed.
constexpr std::chrono::milliseconds kDrainPatience{3'000};
constexpr std::chrono::milliseconds kDeliveryPatience{1'000};
constexpr unsigned kEndPatienceSeconds = 2;  // after the drain

transport::stdio::StdioServer* stop_target =
    nullptr;  // set once, before the handlers are installed

void stop_on_signals(transport::stdio::StdioServer& server) {
  stop_target = &server;
  struct sigaction action{};
  action.sa_handler = [](int) { stop_target->stop(); };
  ::sigaction(SIGTERM, &action, nullptr);
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGHUP, &action, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
}

// From here on nothing may take longer than the host waits: a name look-up that hangs must not keep
// the process. Another process takes over at once what this one still held.
void end_soon() {
  ::signal(SIGTERM, SIG_IGN);
  ::signal(SIGINT, SIG_IGN);
  ::signal(SIGHUP, SIG_IGN);
  ::signal(SIGALRM, [](int) { ::_exit(0); });
  ::alarm(kEndPatienceSeconds);
}

// Without a live key the list would be that of nobody.
int print_digest(OperationCaller& caller, mcp::Provider& tools) {
  using Scopes = Result<std::vector<std::string>>;
  const auto scopes = awaited<Scopes>([&](auto done) { caller.scopes(std::move(done)); });
  if (!scopes) return report(scopes.error());
  using List = std::shared_ptr<const mcp::ToolList>;
  const auto list = awaited<List>([&](auto done) { tools.list_tools(std::move(done)); });
  fmt::print("{}\n", list->digest());
  return 0;
}

// `runtime` is null at the bridge: there nobody tells of changes.
int serve_stdio(const std::shared_ptr<mcp::Provider>& tools, Runtime* runtime) {
  transport::stdio::StdioOptions options;
  options.drain_timeout = kDrainPatience;
  const auto shared = mcp_server(mcp::process_secrets());
  std::optional<ResourceWatch> watch;
  if (runtime != nullptr) watch.emplace(*runtime, shared->changes);
  transport::stdio::StdioServer server(shared, tools, options);
  stop_on_signals(server);
  const auto end = server.run();
  end_soon();
  // Calls that outlive the drain use what is destroyed below: leave at once. They are idempotent.
  if (server.in_flight() > 0) ::_exit(0);
  return end == transport::stdio::StdioEnd::InputFailed ? 1 : 0;
}

Error missing_key(const Settings& settings) {
  return {
      ErrorCode::Unauthorized,
      fmt::format("SEGMENTFLOW_API_KEY is not set. Make a key with: segmentflow keys create --name "
                  "assistant --scopes emails:write,emails:read,templates:read --data-dir {}",
                  settings.data_dir.string())};
}

int run_bridge(const Settings& settings, const Registry& registry, const ToolOffer& offer,
               bool prints_digest) {
  auto caller = BridgeCaller::make(settings.base_url, settings.api_key, registry);
  if (!caller) return report(caller.error());
  const auto tools =
      offered_tools(registry, std::make_shared<ToolLists>(registry), offer, *caller, false);
  return prints_digest ? print_digest(**caller, *tools) : serve_stdio(tools, nullptr);
}

int run_embedded(const Settings& settings, const ToolOffer& offer, bool prints_digest) {
  auto opened = Runtime::open(settings);
  if (!opened) return report(opened.error());
  Runtime& runtime = **opened;
  const auto key = runtime.engine().authenticator.verify(settings.api_key);
  if (!key) return report(key.error());
  const auto caller =
      std::make_shared<LocalCaller>(runtime.dispatcher(), settings.api_key, CallSource{"mcp", ""});
  const auto tools = offered_tools(
      runtime.registry(), std::make_shared<ToolLists>(runtime.registry()), offer, caller, true);
  if (prints_digest) return print_digest(*caller, *tools);
  // The client waits for its first answer: joining costs commits, so it goes on beside.
  std::thread joining([&runtime] {
    if (auto joined = runtime.join(InstanceRole::Mcp); !joined) {
      spdlog::warn("not delivering: {}", joined.error().message);
    }
  });
  const int code = serve_stdio(tools, &runtime);
  joining.join();
  runtime.leave(kDeliveryPatience);
  return code;
}

}  // namespace

int run_mcp(const Settings& settings, const McpOptions& options) {
  set_log_level(settings.log_level == "info" ? "warn" : settings.log_level);
  if (settings.api_key.empty()) return report(missing_key(settings));
  const Registry registry;
  auto groups = parse_tool_groups(registry, options.tools);
  if (!groups) return report(groups.error());
  const ToolOffer offer{{std::move(*groups), options.read_only}, options.compact};
  return settings.base_url.empty() ? run_embedded(settings, offer, options.print_digest)
                                   : run_bridge(settings, registry, offer, options.print_digest);
}

}  // namespace segmentflow::app
