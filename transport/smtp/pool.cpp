#include "transport/smtp/pool.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <limits>
#include <utility>

namespace transport::smtp {

namespace asio = boost::asio;
using segmentflow::MailPhase;

namespace {
constexpr int kClosing = 421;
}

Pool::Pool(std::shared_ptr<asio::io_context> loop, SmtpOptions options,
           std::shared_ptr<asio::ssl::context> tls, std::shared_ptr<Tally> workers)
    : loop_(std::move(loop)),
      options_(std::move(options)),
      tls_(std::move(tls)),
      tally_(std::move(workers)) {
  obstacle_ = deferred(options_.peer(), "Delivery is shutting down.");
}

void Pool::submit(std::unique_ptr<Assignment> job) {
  waiting_.push_back(std::move(job));
  if (stopping_) return defer_all(waiting_);
  pump();
}

// Finds a connection for each waiting mail: an idle one, else a new one, else the next that is
// free.
void Pool::pump() {
  while (waiting_.size() + for_fresh_.size() > waking_ + opening_) {
    if (!idle_.empty() && waiting_.size() > waking_) {
      wake();
    } else if (can_spawn()) {
      spawn();
    } else {
      break;
    }
  }
  // With all places taken, the worker that met the dead connection is about to leave its own.
  const bool no_fresh_one = opening_ == 0 && workers_.size() < options_.connections_max;
  if (no_fresh_one) defer_all(for_fresh_);
  if (workers_.empty()) defer_all(waiting_);
}

bool Pool::can_spawn() const {
  return !stopping_ && workers_.size() < options_.connections_max &&
         std::chrono::steady_clock::now() >= paused_until_;
}

void Pool::wake() {
  Worker* worker = idle_.back();
  idle_.pop_back();
  worker->woken = true;
  ++waking_;
  worker->wake_up.cancel();
}

void Pool::spawn() {
  const auto worker = std::make_shared<Worker>(loop_, options_, *tls_);
  workers_.insert(worker);
  ++opening_;
  tally_->add(std::numeric_limits<std::size_t>::max());
  asio::co_spawn(*loop_, work(worker),
                 [this, worker](std::exception_ptr error) { worker_ended(worker, error); });
}

void Pool::worker_ended(const std::shared_ptr<Worker>& worker, const std::exception_ptr& error) {
  if (error) {
    try {
      std::rethrow_exception(error);
    } catch (const std::exception& exception) {
      spdlog::error("smtp: a connection to {} ended by an internal error: {}", options_.peer(),
                    exception.what());
    }
  }
  if (worker->opening) --opening_;
  std::erase(idle_, worker.get());
  workers_.erase(worker);
  pump();
  tally_->remove();
}

asio::awaitable<void> Pool::work(std::shared_ptr<Worker> worker) {
  const auto failure = co_await worker->session.open();
  worker->opening = false;
  --opening_;
  if (failure) {
    if (!stopping_) {
      obstacle_ = deferred(options_.peer(), failure->detail);
      obstacle_.stage = failure->stage;
      obstacle_.reply = failure->reply;
      obstacle_.refuses_us = failure->refuses_us;
    }
    pause(options_.pause_first);
    co_return;
  }
  bool more = true;
  while (more) {
    more = co_await serve(worker);
  }
  co_await worker->session.quit();
}

// One mail, or one wait for it; false when the connection has to end.
asio::awaitable<bool> Pool::serve(std::shared_ptr<Worker> worker) {
  Session& session = worker->session;
  if (!session.usable() || session.spent()) co_return false;
  if (session.transactions() >= options_.messages_per_connection_max) co_return false;
  auto job = take(*worker);
  if (job) {
    co_await deliver(*worker, std::move(job));
    co_return true;
  }
  if (stopping_) co_return false;
  const bool woken = co_await idle(*worker);
  co_return woken && !session.peer_has_left();
}

std::unique_ptr<Assignment> Pool::take(const Worker& worker) {
  const bool fresh = worker.session.transactions() == 0;
  Jobs& jobs = fresh && !for_fresh_.empty() ? for_fresh_ : waiting_;
  if (jobs.empty()) return nullptr;
  auto job = std::move(jobs.front());
  jobs.pop_front();
  return job;
}

asio::awaitable<bool> Pool::idle(Worker& worker) {
  worker.woken = false;
  idle_.push_back(&worker);
  worker.wake_up.expires_after(options_.idle_close);
  boost::system::error_code cancelled;  // the end of the wait is told by `woken`
  co_await worker.wake_up.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
  if (worker.woken) {
    --waking_;
  } else {
    std::erase(idle_, &worker);
  }
  co_return worker.woken;
}

asio::awaitable<void> Pool::deliver(Worker& worker, std::unique_ptr<Assignment> job) {
  worker.delivering = true;
  auto delivery = co_await worker.session.deliver(*job);
  worker.delivering = false;
  if (delivery.stale && !job->repeated && !stopping_) {
    job->repeated = true;
    job->phase = MailPhase::NotStarted;
    for_fresh_.push_back(std::move(job));
    obstacle_ = deferred(options_.peer(), std::move(delivery.outcome.detail));
    obstacle_.stage = delivery.outcome.stage;
    obstacle_.reply = std::move(delivery.outcome.reply);
    co_return;
  }
  if (delivery.outcome.reply.code == kClosing) {
    obstacle_ = deferred(options_.peer(), "The relay asked for a pause.");
    obstacle_.stage = delivery.outcome.stage;
    obstacle_.reply = delivery.outcome.reply;
    pause(options_.pause_first);
  } else if (delivery.outcome.phase == MailPhase::Replied) {
    pause_length_ = std::chrono::milliseconds{0};
  }
  job->finish(std::move(delivery.outcome));
  co_await worker.session.settle();
}

// Connections that fail together count as one failure.
void Pool::pause(std::chrono::milliseconds first) {
  const auto now = std::chrono::steady_clock::now();
  if (now < paused_until_) return;
  pause_length_ = std::clamp(pause_length_ * 2, first, options_.pause_max);
  paused_until_ = now + pause_length_;
}

void Pool::defer_all(Jobs& jobs) {
  Jobs ended = std::exchange(jobs, {});
  for (auto& job : ended) job->finish(obstacle_);
}

void Pool::stop() {
  if (stopping_) return;
  stopping_ = true;
  obstacle_ = deferred(options_.peer(), "Delivery is shutting down.");
  defer_all(waiting_);
  defer_all(for_fresh_);
  for (const auto& worker : workers_) {
    const bool in_envelope = worker->delivering && !worker->session.past_data();
    if (worker->opening || in_envelope) worker->session.abort();
  }
  while (!idle_.empty()) wake();
}

void Pool::abort() {
  stop();
  for (const auto& worker : workers_) worker->session.abort();
}

}  // namespace transport::smtp
