#include <fmt/format.h>
#include <signal.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include <boost/asio/ip/address.hpp>
#include <boost/url/parse.hpp>
#include <thread>
#include <utility>

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
  std::vector<std::string> hosts;
  std::string_view rest = settings.public_url;
  while (!rest.empty()) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    std::string_view text = rest.substr(0, comma);
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    while (text.starts_with(' ')) text.remove_prefix(1);
    while (text.ends_with(' ')) text.remove_suffix(1);
    const auto url = boost::urls::parse_uri(text);
    if (!url || (url->scheme() != "http" && url->scheme() != "https") || url->host().empty()) {
      return fail(ErrorCode::ValidationFailed,
                  fmt::format("SEGMENTFLOW_PUBLIC_URL must be a URL such as "
                              "https://mail.example.com, or several separated by commas; \"{}\" is "
                              "none.",
                              text));
    }
    hosts.emplace_back(url->host());
  }
  return hosts;
}

// Each connection is a file; others are the database's, the relay's and the log's.
constexpr rlim_t kFilesBesideConnections = 512;
constexpr rlim_t kConnectionsAtLeast = 64;

// As many connections as are asked for and as the process may have files, of which it takes all
// that it is allowed.
std::size_t connections_max(std::size_t wanted) {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return wanted;
  const rlim_t before = std::exchange(files.rlim_cur, files.rlim_max);
  if (::setrlimit(RLIMIT_NOFILE, &files) != 0) files.rlim_cur = before;
  const rlim_t beside = std::min(kFilesBesideConnections, files.rlim_cur / 2);
  const rlim_t fit = std::max(files.rlim_cur - beside, kConnectionsAtLeast);
  if (files.rlim_cur == RLIM_INFINITY || wanted <= fit) return wanted;
  spdlog::warn(
      "{} connections do not fit into the {} files that this process may have open; it serves {}. "
      "Raise the limit (ulimit -n, LimitNOFILE) or lower http_connections_max",
      wanted, files.rlim_cur, fit);
  return fit;
}

transport::http::Options http_options(const Settings& settings) {
  transport::http::Options options;
  options.address = settings.listen_address;
  options.port = settings.listen_port;
  options.threads = settings.http_threads;
  options.limits.connections_max = connections_max(settings.http_connections_max);
  options.limits.bodies_bytes_max = settings.http_bodies_bytes_max;
  options.limits.body_bytes_per_second_min = settings.http_body_rate_min;
  options.limits.drain_timeout = kShutdownPatience;
  options.fault_body = fault_body;
  options.access_log = [](const std::string& line) { log_event("http", line); };
  options.defect_log = [](const std::string& sentence) { spdlog::error("{}", sentence); };
  return options;
}

// Blocks the signals that are for this process in all threads to come; wait() takes them.
class Signals {
 public:
  Signals() {
    sigemptyset(&set_);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&set_, signal);
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
    ::signal(SIGPIPE, SIG_IGN);
  }
  // The signal that ends the process. The terminal that it was started from may close, and a tool
  // that has moved a log file may say so: neither is a reason to stop sending mail.
  int wait() const {
    int signal = 0;
    do {
      sigwait(&set_, &signal);
      if (signal == SIGHUP) {
        spdlog::info("SIGHUP changes nothing: settings are read at the start, SIGTERM stops");
      }
    } while (signal == SIGHUP);
    return signal;
  }

 private:
  sigset_t set_{};
};

}  // namespace

int run_serve(const Settings& settings) {
  const Signals signals;
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
  options.single_headers = single_headers(runtime.registry());

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

  const int signal = signals.wait();
  spdlog::info("signal {}: finishing what is under way", signal);
  // Beside each other, so that both together take no longer than the patience.
  std::thread leaving([&runtime] { runtime.leave(kShutdownPatience); });
  server.stop();
  leaving.join();
  spdlog::info("stopped");
  return 0;
}

}  // namespace segmentflow::app
