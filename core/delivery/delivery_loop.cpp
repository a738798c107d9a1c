#include "core/delivery/delivery_loop.hpp"

#include <spdlog/spdlog.h>

#include <chrono>
#include <utility>

namespace segmentflow {
namespace {

// Claims wait until this share of the places is free, so that they come in groups under load.
constexpr int kClaimShare = 4;

// A slower look at the database's clock does not say how far it is ahead of ours.
constexpr Time kClockReadMax = kMicrosPerSecond / 10;

// Deliveries that try whether the way out is open again.
constexpr int kProbes = 4;

// How long stop() goes on submitting outcomes that the committer refuses, and how often.
constexpr std::chrono::seconds kRecordGrace{2};
constexpr std::chrono::milliseconds kRecordEvery{20};

// Jobs of a claim whose answer was lost are looked for often for a while, and then now and then for
// good: nobody can say when the server will have made it durable.
constexpr Time kDoubt = 40 * kMicrosPerSecond;
constexpr Time kLookForStraysInDoubt = 2 * kMicrosPerSecond;
constexpr Time kLookForStraysEvery = 30 * kMicrosPerSecond;

constexpr Time kPauseMin = 1'000;

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
      claim_(ids) {}

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

// A defect in one turn must not end the process, and with it the other deliveries.
bool DeliveryLoop::claim_or_log() {
  try {
    submit_refused();
    release_strays_now_and_then();
    return may_claim() && claim_and_start();
  } catch (const std::exception& defect) {
    spdlog::error("looking for deliveries failed because of a defect: {}", defect.what());
    return false;
  }
}

bool DeliveryLoop::may_claim() const {
  return membership_.queue_is_ours() && may_deliver_();
}

// True when there may be more to claim at once.
bool DeliveryLoop::claim_and_start() {
  const int wanted = room();
  if (wanted == 0) return false;
  const Due next = next_delivery();
  if (!next.at || *next.at > next.now) return false;
  auto claimed = committer_.run(claim_, ClaimCommand{membership_.lease(), wanted});
  if (!claimed) {
    spdlog::warn("claiming deliveries failed: {}", claimed.error().message);
    doubt_until_ = clock_.now() + kDoubt;
    look_for_strays_at_ = clock_.now() + kLookForStraysInDoubt;
    return false;
  }
  note_claimed(*claimed);
  for (auto& delivery : claimed->deliveries) start_delivery(std::move(delivery));
  return !claimed->deliveries.empty() || claimed->ended > 0;
}

// Due times are compared with the database's clock, which all nodes share; ours may be off.
Time DeliveryLoop::database_now() const {
  return clock_.now() + database_ahead_.load();
}

void DeliveryLoop::note_claimed(const ClaimAnswer& claimed) {
  counters_.skipped += static_cast<std::uint64_t>(claimed.ended);
  const std::lock_guard lock(mutex_);
  for (const Delivery& delivery : claimed.deliveries) in_flight_.insert(delivery.job.row_id);
}

void DeliveryLoop::release_strays_now_and_then() {
  const Time now = clock_.now();
  if (now < look_for_strays_at_) return;
  look_for_strays_at_ = now + (now < doubt_until_ ? kLookForStraysInDoubt : kLookForStraysEvery);
  std::set<std::int64_t> known;
  {
    const std::lock_guard lock(mutex_);
    known.insert(in_flight_.begin(), in_flight_.end());
  }
  std::int64_t released = 0;
  const auto done = committer_.run([&](Transaction& tx) -> Result<void> {
    released = release_strays(tx, membership_.lease(), known);
    return {};
  });
  if (done && released > 0) spdlog::info("{} jobs of a claim without an answer are free", released);
}

DeliveryLoop::Due DeliveryLoop::next_delivery() {
  Due next;
  const Time before = clock_.now();
  const auto read = database_.read([&](Transaction& tx) {
    next.at = next_due(tx, JobKind::Deliver);
    next.now = tx.now();
  });
  const Time took = clock_.now() - before;
  if (read && took < kClockReadMax) database_ahead_ = next.now - (before + took / 2);
  if (!read) spdlog::warn("looking for deliveries failed: {}", read.error().message);
  return next;
}

void DeliveryLoop::wait_for_work() {
  poll_ = std::clamp(poll_, settings_.poll_first, settings_.poll_max);
  Time pause = poll_;
  poll_ *= 2;
  if (may_claim() && room() > 0) {  // else an outcome or the end of the pause comes first
    const Due next = next_delivery();
    if (next.at && *next.at > next.now) pause = std::min(pause, *next.at - next.now);
  }
  std::unique_lock lock(mutex_);
  if (pause_ > 0) pause = std::max(kPauseMin, std::min(pause, paused_until_ - clock_.now()));
  wake_.wait_for(lock, std::chrono::microseconds(pause),
                 [this] { return stopping_ || work_hint_; });
}

void DeliveryLoop::start_delivery(Delivery delivery) {
  const AttemptRef ref{delivery.job, delivery.send.organization_id, delivery.attempt,
                       database_now()};
  auto mail = compose(delivery);
  if (!mail) {
    give_up(ref, mail.error());
    return;
  }
  auto before_dot = [this, ref](std::function<void(bool)> go) {
    committer_.submit(mark_dots_, AttemptRef(ref),
                      std::function<void(Result<bool>)>(
                          [go = std::move(go)](Result<bool> held) { go(held.value_or(false)); }));
  };
  auto done = [this, ref, send = std::move(delivery.send)](MailOutcome outcome) {
    finish(ref, send, std::move(outcome));
  };
  transport_.send(std::move(*mail), std::move(before_dot), std::move(done));
}

// A send that cannot be composed because of a defect must not take the process down: it would be
// claimed again after every restart.
Result<OutgoingMail> DeliveryLoop::compose(const Delivery& delivery) {
  try {
    return composer_.compose(delivery);
  } catch (const std::exception& defect) {
    spdlog::error("send {} cannot be composed: {}", delivery.send.id.to_string(), defect.what());
    return fail(ErrorCode::Internal, "The message could not be composed because of a defect.");
  }
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
  Verdict verdict;
  verdict.due_at = std::max(ref.started_at, ref.job.due_at + 1);
  verdict.counts = false;
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
  record({ref, std::nullopt, std::move(verdict)});
}

void DeliveryLoop::note_success() {
  const std::lock_guard lock(mutex_);
  pause_ = 0;
}

// How many may be claimed now: a few to try the way out after a pause, else all free places.
int DeliveryLoop::room() {
  const std::lock_guard lock(mutex_);
  const int free = settings_.in_flight_max - static_cast<int>(in_flight_.size());
  if (pause_ == 0) return free < settings_.in_flight_max / kClaimShare ? 0 : free;
  if (clock_.now() < paused_until_ || !in_flight_.empty()) return 0;
  return std::min(free, kProbes);
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
  in_flight_.erase(in_flight_.find(command.ref.job.row_id));
  work_hint_ = true;
  wake_.notify_all();
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
