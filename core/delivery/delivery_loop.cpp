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

// What did not go out is the operator's business; what did is not worth a line.
void log_copies(const OutcomeCommand& command) {
  const std::string send = command.ref.job.subject_id.to_string();
  for (const CopyVerdict& copy : command.copies) {
    if (copy.status == SendStatus::Failed) {
      spdlog::warn("a {} copy of send {} failed ({}): {}", to_string(copy.ref.list), send,
                   to_string(copy.failure_reason.value()), copy.message);
    } else if (copy.status == SendStatus::Processing) {
      spdlog::info("a {} copy of send {} is tried again at {}: {}", to_string(copy.ref.list), send,
                   to_iso8601(copy.next_attempt_at), copy.message);
    }
  }
}

// Where no attempt counts it is the relay's state that is told (RelayState).
void log_trouble(const OutcomeCommand& command) {
  const Verdict& verdict = command.verdict;
  const std::string send = command.ref.job.subject_id.to_string();
  log_copies(command);
  if (verdict.failure_reason) {
    spdlog::warn("send {} failed ({}): {}", send, to_string(*verdict.failure_reason),
                 verdict.failure_message);
  } else if (command.outcome && command.copies.empty() && verdict.counts && !verdict.is_final()) {
    spdlog::info("send {} is tried again at {} after attempt {}: {}", send,
                 to_iso8601(verdict.due_at), command.ref.attempt,
                 describe_outcome(*command.outcome));
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
      relay_(settings_.pause_first, settings_.pause_max),
      workers_({.threads = settings_.compose_threads, .patient_nice = kPatientNice}) {}

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

DeliveryLoop::Attempt DeliveryLoop::about(const AttemptRef& ref, const Delivery& delivery) {
  std::vector<std::string> secrets;
  const auto add = [&](const std::string& json, const std::optional<std::string>& kept) {
    if (!kept) return;
    auto values = sensitive_values(json, *kept);
    secrets.insert(secrets.end(), values.begin(), values.end());
  };
  add(delivery.data_json, delivery.kept_data_json);
  add(delivery.profile_json, delivery.kept_profile_json);
  RelayWords words(delivery.send, std::move(secrets));
  return {ref, delivery.send, delivery.owed, std::move(words)};
}

void DeliveryLoop::finish(const Attempt& attempt, MailOutcome outcome) {
  // What keeps others waiting may have been said about another mail's content: not to be repeated.
  const bool is_anothers = never_started(outcome) && !outcome.refuses_us;
  if (is_anothers && outcome.stage >= MailStage::Content) outcome.reply.text.clear();
  attempt.words.clean(outcome);
  if (never_started(outcome)) return give_back(attempt, std::move(outcome));
  const bool is_taken = outcome.result == MailResult::Accepted;
  relay_.answered(attempt.send, is_taken, clock_.now());
  record(judged(attempt, std::move(outcome)));
}

OutcomeCommand DeliveryLoop::judged(const Attempt& attempt, MailOutcome outcome) {
  const AttemptRef& ref = attempt.ref;
  const auto random = [this] { return random_number(entropy_); };
  const CopyJudge judge_copies{attempt.send, database_now(), settings_.retry, random};
  // An attempt that our own end cut short says nothing about the peer: the next process goes on.
  const bool cut_short =
      outcome.result == MailResult::Deferred && outcome.reply.code == 0 && is_stopping();
  OutcomeCommand command{ref, std::nullopt, {}, {}};
  if (attempt.owed.empty()) {
    command.verdict =
        judge(outcome, attempt.send, ref.attempt, judge_copies.now, random(), settings_.retry);
    command.copies = judge_refused(outcome, judge_copies);
  } else if (!cut_short) {
    command.copies = judge_owed(outcome, attempt.owed, judge_copies);
  }
  if (cut_short && !command.verdict.is_final()) command.verdict.due_at = judge_copies.now;
  command.outcome = std::move(outcome);
  return command;
}

// The job is due again as before and the attempt does not count; claims wait for the relay.
void DeliveryLoop::give_back(const Attempt& attempt, MailOutcome outcome) {
  const AttemptRef& ref = attempt.ref;
  if (is_stopping()) return put_back(ref);
  const auto waits_until = relay_.refused(outcome, attempt.send, clock_.now());
  if (!waits_until) return record(judged(attempt, std::move(outcome)));
  Verdict verdict = as_before(ref);
  const Time until = *waits_until + database_ahead_.load();
  if (outcome.refuses_us && !relay_.is_shut()) {
    verdict.due_at = std::max(until, ref.job.due_at + 1);
  } else {
    verdict.expected_at = until;
  }
  record({ref, std::move(outcome), std::move(verdict)});
}

Verdict DeliveryLoop::as_before(const AttemptRef& ref) const {
  Verdict verdict;
  // Another due time than before, and not later than now by a clock set back.
  const Time due_at = std::max(ref.started_at, ref.job.due_at + 1);
  const Time now = database_now();
  verdict.due_at = due_at > now && now != ref.job.due_at ? now : due_at;
  verdict.counts = false;
  return verdict;
}

void DeliveryLoop::put_back(const AttemptRef& ref) {
  record({ref, std::nullopt, as_before(ref)});
}

void DeliveryLoop::give_up(const Delivery& delivery, const Error& error) {
  const AttemptRef ref = attempt_of(delivery);
  if (error.code == ErrorCode::NotReady) {
    spdlog::warn("send {} waits: {}", ref.job.subject_id.to_string(), error.message);
    Verdict verdict;
    verdict.due_at = database_now() + settings_.poll_max;
    verdict.counts = false;
    record({ref, std::nullopt, std::move(verdict)});
  } else if (delivery.owed.empty()) {
    record({ref, std::nullopt, failed(FailureReason::RenderFailed, error.message)});
  } else {
    record({ref,
            std::nullopt,
            {},
            fail_owed(delivery.owed, FailureReason::RenderFailed, error.message)});
  }
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
  count_copies(command.copies);
  if (!command.copies.empty() && !command.verdict.is_final()) return;  // it was for them alone
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

void DeliveryLoop::count_copies(const std::vector<CopyVerdict>& copies) {
  for (const CopyVerdict& copy : copies) {
    if (copy.status == SendStatus::Sent) ++counters_.copies_sent;
    if (copy.status == SendStatus::Failed) ++counters_.copies_failed;
    if (copy.status == SendStatus::Processing) ++counters_.copies_deferred;
  }
}

}  // namespace segmentflow
