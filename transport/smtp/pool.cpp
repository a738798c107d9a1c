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
constexpr std::string_view kShuttingDown = "was left because delivery is shutting down";
}  // namespace

Pool::Pool(std::shared_ptr<asio::io_context> loop, SmtpOptions options,
           std::shared_ptr<asio::ssl::context> tls, std::shared_ptr<Tally> workers,
           AnswerWatch& watch)
    : loop_(std::move(loop)),
      options_(std::move(options)),
      tls_(std::move(tls)),
      tally_(std::move(workers)),
      watch_(watch),
      silence_(*loop_),
      late_(*loop_) {
  late_.expires_at(SteadyTime::max());
  obstacle_ = deferred(options_.peer(), "Delivery is shutting down.");
}

void Pool::submit(std::unique_ptr<Assignment> job) {
  const SteadyTime deadline = job->mail().deadline;
  waiting_.push_back(std::move(job));
  if (stopping_) return defer_all(waiting_);
  end_if_silent();
  watch_deadline(deadline);
  pump();
  watch_silence();
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
  const auto worker = std::make_shared<Worker>(loop_, options_, *tls_, watch_);
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

// The sessions go on waiting as long as RFC 5321 has them; the mails are given back, so that
// whoever sent them knows what they wait for. One that is answered after all serves the next.
void Pool::end_if_silent() {
  if (workers_.size() != opening_) return;  // one that is open will take them
  const auto silence = watch_.silence();
  if (!silence || silence->lasting < options_.silence_noticed) return;
  obstacle_ = deferred(options_.peer(), silence_sentence(options_, *silence));
  obstacle_.stage = silence->stage;
  defer_all(waiting_);
  defer_all(for_fresh_);
}

void Pool::watch_silence() {
  if (watching_silence_ || stopping_ || waiting_.size() + for_fresh_.size() == 0) return;
  watching_silence_ = true;
  silence_.expires_after(options_.silence_noticed);
  silence_.async_wait([this](const boost::system::error_code& error) {
    watching_silence_ = false;
    if (error) return;
    end_if_silent();
    watch_silence();
  });
}

// A mail that waits for a connection does not wait beyond its deadline, however patient RFC 5321 is
// with the relay that is to give one.
void Pool::watch_deadline(SteadyTime deadline) {
  if (deadline >= late_.expiry()) return;
  late_.expires_at(deadline);
  late_.async_wait([this](const boost::system::error_code& error) {
    if (!error) end_late();
  });
}

void Pool::end_late() {
  late_.expires_at(SteadyTime::max());
  end_late(waiting_);
  end_late(for_fresh_);
}

void Pool::end_late(Jobs& jobs) {
  Jobs others;
  for (auto& job : std::exchange(jobs, {})) {
    if (job->mail().deadline > std::chrono::steady_clock::now()) {
      watch_deadline(job->mail().deadline);
      others.push_back(std::move(job));
      continue;
    }
    auto outcome =
        deferred(options_.peer(), "The deadline of the mail passed before a connection was free.");
    if (const auto silence = watch_.silence()) {
      outcome.stage = silence->stage;
      outcome.detail = silence_sentence(options_, *silence);
    }
    job->finish(std::move(outcome));
  }
  for (auto& job : jobs) others.push_back(std::move(job));  // came while others ended
  jobs = std::move(others);
}

void Pool::stop() {
  if (stopping_) return;
  stopping_ = true;
  silence_.cancel();
  late_.cancel();
  obstacle_ = deferred(options_.peer(), "Delivery is shutting down.");
  defer_all(waiting_);
  defer_all(for_fresh_);
  for (const auto& worker : workers_) {
    const bool in_envelope = worker->delivering && !worker->session.past_data();
    if (worker->opening || in_envelope) worker->session.abort(kShuttingDown);
  }
  while (!idle_.empty()) wake();
}

void Pool::abort() {
  stop();
  for (const auto& worker : workers_) worker->session.abort(kShuttingDown);
}

}  // namespace transport::smtp
