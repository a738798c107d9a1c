#include "transport/http/server.hpp"

#include <fmt/format.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <unordered_set>

#include "transport/http/session.hpp"

namespace transport::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;
template <class T>
using Task = asio::awaitable<T, Executor>;
using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>, Executor>;

constexpr asio::as_tuple_t<asio::use_awaitable_t<Executor>> kNoThrow{};
// Deadlines are late by at most this much, or by half of a shorter time-out.
constexpr std::chrono::milliseconds kSweepInterval{250};
// Connections beyond connections_max that are told so; more are closed without a word.
constexpr std::uint64_t kRefusalsMax = 64;
// When the process is out of file descriptors, accepting at once again would only spin.
constexpr std::chrono::milliseconds kAcceptPause{100};

// One thread, one context, and the connections that belong to it.
struct Worker {
  std::shared_ptr<asio::io_context> context = std::make_shared<asio::io_context>(1);
  std::optional<asio::executor_work_guard<Executor>> guard{context->get_executor()};
  Timer sweep{context->get_executor()};
  std::unordered_set<Session*> sessions;  // only on the thread
  bool is_ending = false;                 // only on the thread
  std::thread thread;
};

std::string listen_error(const Options& options, const error_code& ec) {
  const bool v6 = options.address.find(':') != std::string::npos;
  const std::string where =
      fmt::format(fmt::runtime(v6 ? "[{}]:{}" : "{}:{}"), options.address, options.port);
  std::string why = fmt::format("{}; choose another address with --listen", ec.message());
  if (ec == asio::error::address_in_use) {
    why = "the address is in use by another process; stop it or choose another with --listen";
  } else if (ec == asio::error::access_denied) {
    why = "ports below 1024 need privileges; choose a higher one with --listen";
  } else if (ec == boost::system::errc::address_not_available) {
    why = "this machine has no such address; choose another with --listen";
  } else if (ec == asio::error::invalid_argument) {
    why = "this is not an IP address; write one such as 127.0.0.1 with --listen";
  }
  return fmt::format("cannot listen on {}: {}", where, why);
}

std::chrono::milliseconds sweep_interval(const Limits& limits) {
  const auto shortest = std::min({limits.header_timeout, limits.body_timeout, limits.idle_timeout,
                                  limits.write_timeout, limits.body_rate_window});
  return std::max(std::min(kSweepInterval, shortest / 2), std::chrono::milliseconds(1));
}

}  // namespace

int status_of(Fault fault) {
  switch (fault) {
    case Fault::BadRequest:
      return 400;
    case Fault::Misdirected:
      return 403;
    case Fault::NotFound:
      return 404;
    case Fault::MethodNotAllowed:
      return 405;
    case Fault::Timeout:
      return 408;
    case Fault::PayloadTooLarge:
      return 413;
    case Fault::UnsupportedMediaType:
      return 415;
    case Fault::HeadersTooLarge:
      return 431;
    case Fault::Overloaded:
      return 503;
    case Fault::Internal:
      return 500;
  }
  return 500;
}

std::optional<std::string_view> Request::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return std::nullopt;
}

struct Server::Impl {
  using Acceptor = asio::basic_socket_acceptor<tcp, Executor>;

  Impl(Options given, std::vector<Route> routes);

  std::optional<std::string> start();
  error_code listen();
  void stop();

  Task<void> accept_loop();
  Task<void> sweep_loop(Worker& worker);
  void admit(Worker& worker, Socket socket);
  void on_each_worker(const std::function<void(Worker&)>& action);
  void activity_ended();
  bool wait_until_quiet(std::optional<std::chrono::milliseconds> timeout);
  void report(const char* where, std::exception_ptr error) const;

  Options options;
  std::shared_ptr<Service> service;
  std::vector<std::unique_ptr<Worker>> workers;
  std::optional<Acceptor> acceptor;
  std::uint16_t port = 0;

  std::mutex stop_mutex;
  bool running = false;  // guarded by stop_mutex

  std::mutex activity_mutex;
  std::condition_variable quiet;
  std::size_t activities = 0;  // the accept loop and the open connections; by activity_mutex
};

Server::Impl::Impl(Options given, std::vector<Route> routes)
    : options(std::move(given)),
      service(new Service{.router = Router(std::move(routes)),
                          .hosts = HostRules(options.address, options.allowed_hosts),
                          .headers = HeaderRules(options.single_headers),
                          .limits = options.limits,
                          .fault_body = options.fault_body,
                          .access_log = options.access_log,
                          .defect_log = std::make_shared<const DefectLog>(options.defect_log),
                          .tally = {},
                          .bodies = BodyBudget(options.limits.bodies_bytes_max),
                          .connections = ConnectionTable(options.limits.connections_max)}) {}

error_code Server::Impl::listen() {
  error_code ec;
  const auto address =
      asio::ip::make_address(options.address == "localhost" ? "127.0.0.1" : options.address, ec);
  if (ec) return ec;
  const tcp::endpoint endpoint(address, options.port);
  acceptor.emplace(workers.front()->context->get_executor());
  acceptor->open(endpoint.protocol(), ec);
  if (!ec) acceptor->set_option(asio::socket_base::reuse_address(true), ec);
  if (!ec) acceptor->bind(endpoint, ec);
  if (!ec) acceptor->listen(asio::socket_base::max_listen_connections, ec);
  if (!ec) port = acceptor->local_endpoint(ec).port();
  return ec;
}

std::optional<std::string> Server::Impl::start() {
  const std::lock_guard lock(stop_mutex);
  if (!workers.empty()) return "the HTTP server was started before; make a new one";
  for (int i = 0; i < std::max(options.threads, 1); ++i) {
    workers.push_back(std::make_unique<Worker>());
  }
  if (const error_code ec = listen()) {
    acceptor.reset();
    workers.clear();
    return listen_error(options, ec);
  }
  activities = 1;
  auto accept_ended = [this](std::exception_ptr error) {
    report("accepting connections", error);
    activity_ended();
  };
  asio::co_spawn(workers.front()->context->get_executor(), accept_loop(), std::move(accept_ended));
  for (const auto& worker : workers) {
    auto sweep_ended = [this](std::exception_ptr error) { report("the time-out sweep", error); };
    asio::co_spawn(worker->context->get_executor(), sweep_loop(*worker), std::move(sweep_ended));
  }
  for (const auto& worker : workers) {
    worker->thread = std::thread([context = worker->context] { context->run(); });
  }
  running = true;
  return std::nullopt;
}

void Server::Impl::report(const char* where, std::exception_ptr error) const {
  if (!error || !options.defect_log) return;
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& e) {
    options.defect_log(fmt::format("{} ended with an exception: {}", where, e.what()));
  }
}

Task<void> Server::Impl::accept_loop() {
  Timer pause(workers.front()->context->get_executor());
  for (std::size_t turn = 0; acceptor->is_open(); ++turn) {
    Worker& worker = *workers[turn % workers.size()];
    const Executor executor = worker.context->get_executor();
    auto [ec, socket] = co_await acceptor->async_accept(executor, kNoThrow);
    if (!ec) {
      admit(worker, std::move(socket));
    } else if (acceptor->is_open()) {
      pause.expires_after(kAcceptPause);
      co_await pause.async_wait(kNoThrow);
    }
  }
}

void Server::Impl::admit(Worker& worker, Socket socket) {
  const std::uint64_t open = service->tally.connections_open.fetch_add(1) + 1;
  error_code ec;
  const auto peer = socket.remote_endpoint(ec);
  // Filled on the worker's thread before anything that is posted there later.
  const auto started = std::make_shared<std::weak_ptr<Session>>();
  auto evict = [started, context = worker.context] {
    asio::post(*context, [started] {
      if (const auto session = started->lock()) session->abandon();
    });
  };
  auto place = service->connections.enter(ec ? "" : peer.address().to_string(), std::move(evict));
  if (!place && open > options.limits.connections_max + kRefusalsMax) {
    service->tally.connections_open.fetch_sub(1);
    return;  // the socket closes with its object
  }
  {
    const std::lock_guard lock(activity_mutex);
    ++activities;
  }
  auto begin = [this, &worker, started, place = std::move(place),
                socket = std::move(socket)]() mutable {
    auto on_end = [this, &worker](Session& session) {
      worker.sessions.erase(&session);
      service->tally.connections_open.fetch_sub(1);
      activity_ended();
    };
    const auto mode = place ? Session::Mode::Serve : Session::Mode::Refuse;
    const auto session = start_session(std::move(socket), mode, std::move(place), worker.context,
                                       service, std::move(on_end));
    *started = session;
    worker.sessions.insert(session.get());
  };
  // Always posted: co_spawn must not run the session before it is in the set.
  asio::post(*worker.context, std::move(begin));
}

Task<void> Server::Impl::sweep_loop(Worker& worker) {
  const auto interval = sweep_interval(options.limits);
  while (!worker.is_ending) {
    worker.sweep.expires_after(interval);
    const auto [ec] = co_await worker.sweep.async_wait(kNoThrow);
    if (ec) co_return;
    const auto now = std::chrono::steady_clock::now();
    for (Session* session : worker.sessions) session->check_deadline(now);
  }
}

void Server::Impl::on_each_worker(const std::function<void(Worker&)>& action) {
  for (const auto& worker : workers) {
    asio::post(*worker->context, [action, w = worker.get()] { action(*w); });
  }
}

void Server::Impl::activity_ended() {
  const std::lock_guard lock(activity_mutex);
  --activities;
  if (activities == 0) quiet.notify_all();
}

bool Server::Impl::wait_until_quiet(std::optional<std::chrono::milliseconds> timeout) {
  std::unique_lock lock(activity_mutex);
  const auto none = [this] { return activities == 0; };
  if (timeout) return quiet.wait_for(lock, *timeout, none);
  quiet.wait(lock, none);
  return true;
}

void Server::Impl::stop() {
  const std::lock_guard lock(stop_mutex);
  if (!running) return;
  running = false;
  service->stopping = true;
  asio::post(*workers.front()->context, [this] {
    error_code ignored;  // closed or not, nothing more is accepted: the loop sees is_open()
    acceptor->close(ignored);
  });
  on_each_worker([](Worker& worker) {
    for (Session* session : worker.sessions) session->drain();
  });
  if (!wait_until_quiet(options.limits.drain_timeout)) {
    on_each_worker([](Worker& worker) {
      for (Session* session : worker.sessions) session->abandon();
    });
    wait_until_quiet(std::nullopt);
  }
  on_each_worker([](Worker& worker) {
    worker.is_ending = true;  // a timer that has run out already cannot be cancelled
    worker.sweep.cancel();
    worker.guard.reset();
  });
  for (const auto& worker : workers) worker->thread.join();
}

Server::Server(Options options, std::vector<Route> routes)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(routes))) {}

Server::~Server() {
  stop();
}

std::optional<std::string> Server::start() {
  return impl_->start();
}

std::uint16_t Server::port() const {
  return impl_->port;
}

void Server::stop() {
  impl_->stop();
}

Counters Server::counters() const {
  Counters counters = impl_->service->tally.read();
  counters.body_bytes = impl_->service->bodies.taken();
  return counters;
}

}  // namespace transport::http
