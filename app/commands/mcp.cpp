#include <fmt/format.h>
#include <signal.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "app/callers.hpp"
#include "app/commands/commands.hpp"
#include "app/late_caller.hpp"
#include "app/log.hpp"
#include "app/mcp_server.hpp"
#include "app/resource_watch.hpp"
#include "transport/stdio/stdio_server.hpp"

namespace segmentflow::app {
namespace {

// A host waits five seconds before it kills a server whose input it has closed.
constexpr std::chrono::milliseconds kDrainPatience{3'000};
constexpr std::chrono::milliseconds kDeliveryPatience{1'000};
constexpr unsigned kEndPatienceSeconds = 2;    // after the drain
constexpr std::chrono::seconds kLookEvery{1};  // for what is missing

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

Result<std::vector<std::string>> scopes_of(OperationCaller& caller) {
  using Scopes = Result<std::vector<std::string>>;
  return awaited<Scopes>([&](auto done) { caller.scopes(std::move(done)); });
}

// Without a live key the list would be that of nobody.
int print_digest(OperationCaller& caller, mcp::Provider& tools) {
  const auto scopes = scopes_of(caller);
  if (!scopes) return report(scopes.error());
  using List = std::shared_ptr<const mcp::ToolList>;
  const auto list = awaited<List>([&](auto done) { tools.list_tools(std::move(done)); });
  fmt::print("{}\n", list->digest());
  return 0;
}

int serve_stdio(const std::shared_ptr<const mcp::Server>& shared,
                const std::shared_ptr<mcp::Provider>& tools) {
  transport::stdio::StdioOptions options;
  options.drain_timeout = kDrainPatience;
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
                  "assistant --scopes emails:write,emails:read,templates:read --data-dir {} and "
                  "give it to this server in its environment.",
                  settings.data_dir.string())};
}

// The engine on board.
class Embedded {
 public:
  Embedded(const Settings& settings, std::shared_ptr<const mcp::Server> server)
      : settings_(settings), server_(std::move(server)) {}
  ~Embedded() {
    watch_.reset();
    if (runtime_) runtime_->leave(kDeliveryPatience);
  }
  Embedded(const Embedded&) = delete;
  Embedded& operator=(const Embedded&) = delete;

  Result<std::shared_ptr<OperationCaller>> open() {
    auto opened = Runtime::open(settings_);
    if (!opened) return tl::unexpected(opened.error());
    runtime_ = std::move(*opened);
    return std::make_shared<LocalCaller>(runtime_->dispatcher(), settings_.api_key,
                                         CallSource{"mcp", ""});
  }

  // Delivers where it is this process's turn, and tells clients of changes. Costs commits.
  void take_part() {
    if (!runtime_ || watch_) return;
    if (auto joined = runtime_->join(InstanceRole::Mcp); !joined) {
      spdlog::warn("not delivering: {}", joined.error().message);
    }
    watch_.emplace(*runtime_, server_);
  }

 private:
  const Settings& settings_;
  const std::shared_ptr<const mcp::Server> server_;
  std::unique_ptr<Runtime> runtime_;
  std::optional<ResourceWatch> watch_;
};

// Does `work` at once and then again and again, on a thread of its own, until it is destroyed.
class Repeated {
 public:
  explicit Repeated(std::function<void()> work)
      : work_(std::move(work)), thread_([this] { run(); }) {}
  ~Repeated() {
    {
      const std::lock_guard lock(mutex_);
      is_ending_ = true;
    }
    wake_.notify_one();
    thread_.join();
  }
  Repeated(const Repeated&) = delete;
  Repeated& operator=(const Repeated&) = delete;

 private:
  void run() {
    std::unique_lock lock(mutex_);
    do {
      lock.unlock();
      try {
        work_();
      } catch (const std::exception& defect) {  // must not end the process
        spdlog::error("looking for what is missing failed because of a defect: {}", defect.what());
      }
      lock.lock();
    } while (!wake_.wait_for(lock, kLookEvery, [this] { return is_ending_; }));
  }

  const std::function<void()> work_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool is_ending_ = false;
  std::thread thread_;  // last: it uses the rest
};

// What is missing at the start is looked for again, and the client is told when it is there: a host
// would else show a dead server until it is started anew.
int run_server(const Settings& settings, const Registry& registry, const McpOptions& options,
               const ToolOffer& offer) {
  const auto server = mcp_server(mcp::process_secrets());
  Embedded embedded(settings, server);
  const bool is_bridge = !settings.base_url.empty();
  ReaderPool bridge_workers(is_bridge ? kBridgeThreads : 0, kBridgeQueueMax);
  const auto open = [&]() -> Result<std::shared_ptr<OperationCaller>> {
    if (settings.api_key.empty()) return tl::unexpected(missing_key(settings));
    if (is_bridge) {
      return BridgeCaller::make(settings.base_url, settings.api_key, registry, bridge_workers);
    }
    return embedded.open();
  };
  const auto caller = std::make_shared<LateCaller>(open, server->changes);
  const auto opened = caller->attempt();
  const auto tools = offered_tools(registry, std::make_shared<ToolLists>(registry), offer, caller,
                                   {.resources = !is_bridge, .lists = true});
  if (options.print_digest) return opened ? print_digest(*caller, *tools) : report(opened.error());
  if (!opened) spdlog::warn("only get_status is offered: {}", opened.error().message);
  const Repeated looking([&] {
    if (!caller->attempt()) return;
    if (!caller->is_usable()) (void)scopes_of(*caller);
    if (caller->is_usable()) embedded.take_part();
  });
  return serve_stdio(server, tools);
}

}  // namespace

int run_mcp(const Settings& settings, const McpOptions& options) {
  set_log_level(settings.log_level == "info" ? "warn" : settings.log_level);
  const Registry registry;
  auto groups = parse_tool_groups(registry, options.tools);
  if (!groups) return report(groups.error());
  const ToolOffer offer{{std::move(*groups), options.read_only}, options.compact};
  return run_server(settings, registry, options, offer);
}

}  // namespace segmentflow::app
