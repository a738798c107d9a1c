#include <fmt/format.h>
#include <signal.h>
#include <spdlog/spdlog.h>

#include <boost/asio/ip/address.hpp>
#include <boost/url/parse.hpp>
#include <thread>

#include "app/commands/commands.hpp"
#include "app/http_routes.hpp"
#include "app/log.hpp"
#include "app/runtime.hpp"

namespace segmentflow::app {
namespace {

constexpr std::chrono::milliseconds kShutdownPatience{30'000};

bool is_loopback(const std::string& address) {
  boost::system::error_code error;
  const auto parsed = boost::asio::ip::make_address(address, error);
  return address == "localhost" || (!error && parsed.is_loopback());
}

// Beyond loopback only with a key: otherwise the first stranger would find an open door later.
Result<void> check_exposure(Runtime& runtime) {
  if (is_loopback(runtime.settings().listen_address)) return {};
  bool has_key = false;
  auto read = runtime.database().read([&](Transaction& tx) { has_key = any_api_key(tx); });
  if (!read) return read;
  if (has_key) return {};
  return fail(ErrorCode::Conflict,
              fmt::format("Refusing to listen on {}: there is no API key yet. Make one first "
                          "(segmentflow keys create), or listen on 127.0.0.1.",
                          runtime.settings().listen_address));
}

// Requests for other hosts are refused, against DNS rebinding.
Result<std::vector<std::string>> public_hosts(const Settings& settings) {
  if (settings.public_url.empty()) return std::vector<std::string>{};
  const auto url = boost::urls::parse_uri(settings.public_url);
  if (url && (url->scheme() == "http" || url->scheme() == "https") && !url->host().empty()) {
    return std::vector<std::string>{std::string(url->host())};
  }
  return fail(ErrorCode::ValidationFailed,
              "SEGMENTFLOW_PUBLIC_URL must be a URL such as https://mail.example.com.");
}

transport::http::Options http_options(const Settings& settings) {
  transport::http::Options options;
  options.address = settings.listen_address;
  options.port = settings.listen_port;
  options.threads = settings.http_threads;
  options.limits.connections_max = settings.http_connections_max;
  options.limits.drain_timeout = kShutdownPatience;
  options.fault_body = fault_body;
  options.access_log = [](const std::string& line) { log_event("http", line); };
  options.defect_log = [](const std::string& sentence) { spdlog::error("{}", sentence); };
  return options;
}

// Blocks the signals that end the process in all threads to come; wait() takes them.
class EndSignals {
 public:
  EndSignals() {
    sigemptyset(&set_);
    sigaddset(&set_, SIGINT);
    sigaddset(&set_, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
    ::signal(SIGPIPE, SIG_IGN);
  }
  int wait() const {
    int signal = 0;
    sigwait(&set_, &signal);
    return signal;
  }

 private:
  sigset_t set_{};
};

}  // namespace

int run_serve(const Settings& settings) {
  const EndSignals end_signals;
  set_log_level(settings.log_level);
  if (auto done = initialise(settings); !done) return report(done.error());
  auto opened = Runtime::open(settings);
  if (!opened) return report(opened.error());
  Runtime& runtime = **opened;
  if (auto safe = check_exposure(runtime); !safe) return report(safe.error());

  auto hosts = public_hosts(settings);
  if (!hosts) return report(hosts.error());
  auto options = http_options(settings);
  options.allowed_hosts = std::move(*hosts);

  transport::http::Server* counted = nullptr;
  auto routes = http_routes(runtime, [&counted] { return counted->counters(); });
  transport::http::Server server(std::move(options), std::move(routes));
  counted = &server;
  // Before the first request: what is accepted in a restored copy is told from what was copied.
  if (auto joined = runtime.join(InstanceRole::Serve); !joined) return report(joined.error());
  if (const auto problem = server.start()) {
    return report({ErrorCode::NotReady, *problem});
  }
  spdlog::info("serving on http://{}:{}, data in {}", settings.listen_address, server.port(),
               settings.data_dir.string());

  const int signal = end_signals.wait();
  spdlog::info("signal {}: finishing what is under way", signal);
  // Beside each other, so that both together take no longer than the patience.
  std::thread leaving([&runtime] { runtime.leave(kShutdownPatience); });
  server.stop();
  leaving.join();
  spdlog::info("stopped");
  return 0;
}

}  // namespace segmentflow::app
