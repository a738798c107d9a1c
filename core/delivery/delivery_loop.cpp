#include "core/delivery/delivery_loop.hpp"

#include <spdlog/spdlog.h>

#include <chrono>
#include <utility>

namespace segmentflow {
namespace {

// How long stop() goes on submitting outcomes that the committer refuses, and how often.
constexpr std::chrono::seconds kRecordGrace{2};
constexpr std::chrono::milliseconds kRecordEvery{20};

std::uint64_t random_number(Entropy& entropy) {
  std::uint64_t value = 0;
  entropy.fill({reinterpret_cast<std::uint8_t*>(&value), sizeof value});
  return value;
}

// A send that did not go out is the operator's business; one that did is not worth a line.
void log_trouble(const OutcomeCommand& command) {
  const Verdict& verdict = command.verdict;
  const std::string send = command.ref.job.subject_id.to_string();
  if (verdict.failure_reason) {
    spdlog::warn("send {} failed ({}): {}", send, to_string(*verdict.failure_reason),
                 verdict.failure_message);
  } else if (command.outcome && verdict.status == SendStatus::Processing) {
    spdlog::info("send {} is tried again at {} after attempt {}: {} {}{}", send,
                 to_iso8601(verdict.due_at), command.ref.attempt, command.outcome->peer,
                 command.outcome->reply.code == 0 ? "" : command.outcome->reply.text,
                 command.outcome->detail);
  }
}

}  // namespace

DeliveryLoop::DeliveryLoop(Database& database, Committer& committer, Membership& membership,
                           Composer& composer, MailTransport& transport, IdSource& ids,
                           Entropy& entropy, const Clock& clock, DeliverySettings settings,
                           std::function<bool()> may_deliver)
    : database_(database),
      committer_(committer),
      membership_(membership),
      composer_(composer),
      transport_(transport),
      entropy_(entropy),
      clock_(clock),
      settings_(std::move(settings)),
      may_deliver_(std::move(may_deliver)),
      claim_(ids),
      workers_({.threads = settings_.compose_threads}) {}

DeliveryLoop::~DeliveryLoop() {
  stop(std::chrono::milliseconds(0));
}

void DeliveryLoop::start() {
  thread_ = std::thread([this] { run(); });
}

void DeliveryLoop::wake() {
  {
    const std::lock_guard lock(mutex_);
    work_hint_ = true;
  }
  wake_.notify_one();
}

void DeliveryLoop::stop(std::chrono::milliseconds patience) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
  workers_.stop();  // what waits there is given back
  transport_.shut_down(patience);
  drain();
}

// Every `done` has been called; their outcomes are with the committer, which finishes what waits,
// or were refused by it.
void DeliveryLoop::drain() {
  const auto until = std::chrono::steady_clock::now() + kRecordGrace;
  while (true) {
    submit_refused();
    std::unique_lock lock(mutex_);
    if (wake_.wait_for(lock, kRecordEvery, [this] { return in_flight_.empty(); })) return;
    const bool only_refused = in_flight_.size() == refused_.size();
    if (!only_refused || std::chrono::steady_clock::now() < until) continue;
    spdlog::error("{} outcomes could not be recorded before the end", refused_.size());
    refused_.clear();
    in_flight_.clear();
    in_flight_of_.clear();
    return;
  }
}

int DeliveryLoop::in_flight() const {
  const std::lock_guard lock(mutex_);
  return static_cast<int>(in_flight_.size());
}

bool DeliveryLoop::is_stopping() const {
  const std::lock_guard lock(mutex_);
  return stopping_;
}

void DeliveryLoop::run() {
  while (true) {
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
      work_hint_ = false;
    }
    if (claim_or_log()) {
      poll_ = settings_.poll_first;
    } else {
      wait_for_work();
    }
  }
}

bool DeliveryLoop::may_claim() const {
  return membership_.queue_is_ours() && may_deliver_();
}

// Due times are compared with the database's clock, which all nodes share; ours may be off.
Time DeliveryLoop::database_now() const {
  return clock_.now() + database_ahead_.load();
}

void DeliveryLoop::finish(const AttemptRef& ref, const EmailSend& send, MailOutcome outcome) {
  if (never_started(outcome)) {
    give_back(ref, outcome);
    return;
  }
  note_success();
  outcome.reply.text = without_addresses(std::move(outcome.reply.text), send.bcc);
  Verdict verdict =
      judge(outcome, send, ref.attempt, database_now(), random_number(entropy_), settings_.retry);
  // An attempt that our own end cut short says nothing about the peer: the next process goes on.
  const bool cut_short = outcome.result == MailResult::Deferred && outcome.reply.code == 0;
  if (cut_short && !verdict.is_final() && is_stopping()) verdict.due_at = database_now();
  record({ref, std::move(outcome), std::move(verdict)});
}

// The job is due again as before and the attempt does not count; claims wait for the way out.
void DeliveryLoop::give_back(const AttemptRef& ref, const MailOutcome& outcome) {
  {
    const std::lock_guard lock(mutex_);
    const Time now = clock_.now();
    if (!stopping_ && now >= paused_until_) {
      pause_ = std::clamp(2 * pause_, settings_.pause_first, settings_.pause_max);
      paused_until_ = now + pause_;
      spdlog::warn("the way out is shut; trying again in {} s: {}", pause_ / kMicrosPerSecond,
                   outcome.reply.code != 0 ? outcome.reply.text : outcome.detail);
    }
  }
  put_back(ref);
}

void DeliveryLoop::put_back(const AttemptRef& ref) {
  Verdict verdict;
  // As before, but another due time than before, and not later than now by a clock set back.
  const Time due_at = std::max(ref.started_at, ref.job.due_at + 1);
  const Time now = database_now();
  verdict.due_at = due_at > now && now != ref.job.due_at ? now : due_at;
  verdict.counts = false;
  record({ref, std::nullopt, std::move(verdict)});
}

void DeliveryLoop::note_success() {
  const std::lock_guard lock(mutex_);
  pause_ = 0;
}

void DeliveryLoop::give_up(const AttemptRef& ref, const Error& error) {
  if (error.code == ErrorCode::NotReady) {
    spdlog::warn("send {} waits: {}", ref.job.subject_id.to_string(), error.message);
    Verdict verdict;
    verdict.due_at = database_now() + settings_.poll_max;
    verdict.counts = false;
    record({ref, std::nullopt, std::move(verdict)});
    return;
  }
  record({ref, std::nullopt, failed(FailureReason::RenderFailed, error.message)});
}

void DeliveryLoop::record(OutcomeCommand command) {
  auto kept = std::make_shared<const OutcomeCommand>(command);
  committer_.submit(record_outcomes_, std::move(command),
                    std::function<void(Result<bool>)>([this, kept](Result<bool> held) {
                      if (held) {
                        recorded(*kept, *held);
                      } else {
                        keep_refused(*kept, held.error());
                      }
                    }));
}

void DeliveryLoop::recorded(const OutcomeCommand& command, bool held) {
  log_trouble(command);
  const std::lock_guard lock(mutex_);
  count(command, held);  // who sees the count finds the place free
  refusing_ = false;
  forget(command.ref);
  work_hint_ = true;
  wake_.notify_all();
}

// Gives its place free; the mutex is held.
void DeliveryLoop::forget(const AttemptRef& ref) {
  in_flight_.erase(in_flight_.find(ref.job.row_id));
  const auto of = in_flight_of_.find(ref.organization_id);
  if (--of->second == 0) in_flight_of_.erase(of);
}

// The next turn of the loop, after a commit or a pause, submits it again.
void DeliveryLoop::keep_refused(const OutcomeCommand& command, const Error& error) {
  const std::lock_guard lock(mutex_);
  refused_.push_back(command);
  if (!std::exchange(refusing_, true)) {
    spdlog::warn("the outcome of send {} cannot be recorded yet: {}",
                 command.ref.job.subject_id.to_string(), error.message);
  }
}

void DeliveryLoop::submit_refused() {
  std::vector<OutcomeCommand> again;
  {
    const std::lock_guard lock(mutex_);
    again.swap(refused_);
  }
  for (OutcomeCommand& command : again) record(std::move(command));
}

void DeliveryLoop::count(const OutcomeCommand& command, bool held) {
  if (!held) {
    ++counters_.late;
    return;
  }
  if (command.outcome && command.outcome->result == MailResult::Unknown) ++counters_.unknown;
  switch (command.verdict.status) {
    case SendStatus::Sent:
      ++counters_.sent;
      break;
    case SendStatus::Failed:
      ++counters_.failed;
      break;
    case SendStatus::Skipped:
      ++counters_.skipped;
      break;
    default:
      ++counters_.deferred;
  }
}

}  // namespace segmentflow
