#include "core/delivery/delivery_loop.hpp"

#include <spdlog/spdlog.h>

#include <chrono>

namespace segmentflow {
namespace {

// Claims wait until this share of the places is free, so that they come in groups under load.
constexpr int kClaimShare = 4;

std::uint64_t random_number(Entropy& entropy) {
  std::uint64_t value = 0;
  entropy.fill({reinterpret_cast<std::uint8_t*>(&value), sizeof value});
  return value;
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
  // Every `done` has been called; their outcomes are with the committer, which finishes what waits.
  std::unique_lock lock(mutex_);
  wake_.wait(lock, [this] { return in_flight_.load() == 0; });
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
    if (may_deliver_() && claim_and_start()) continue;
    wait_for_work();
  }
}

// True when there may be more to claim at once.
bool DeliveryLoop::claim_and_start() {
  const int room = settings_.in_flight_max - in_flight_.load();
  if (room < settings_.in_flight_max / kClaimShare) return false;
  const Due next = next_delivery();
  if (!next.at || *next.at > next.now) return false;
  auto claimed = committer_.run(claim_, ClaimCommand{membership_.lease(), room});
  if (!claimed) {
    spdlog::warn("claiming deliveries failed: {}", claimed.error().message);
    return false;
  }
  counters_.skipped += static_cast<std::uint64_t>(claimed->ended);
  in_flight_ += static_cast<int>(claimed->deliveries.size());
  for (auto& delivery : claimed->deliveries) start_delivery(std::move(delivery));
  return !claimed->deliveries.empty() || claimed->ended > 0;
}

DeliveryLoop::Due DeliveryLoop::next_delivery() {
  Due next;
  const auto read = database_.read([&](Transaction& tx) {
    next.at = next_due(tx, JobKind::Deliver);
    next.now = tx.now();
  });
  if (!read) spdlog::warn("looking for deliveries failed: {}", read.error().message);
  return next;
}

void DeliveryLoop::wait_for_work() {
  Time pause = settings_.poll_every;
  if (may_deliver_()) {
    const Due next = next_delivery();
    if (next.at && *next.at > next.now) pause = std::min(pause, *next.at - next.now);
  }
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, std::chrono::microseconds(pause),
                 [this] { return stopping_ || work_hint_; });
}

void DeliveryLoop::start_delivery(Delivery delivery) {
  AttemptRef ref{membership_.lease(), delivery.job_row_id, delivery.send.organization_id,
                 delivery.send.id,    delivery.attempt,    clock_.now()};
  auto mail = composer_.compose(delivery);
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

void DeliveryLoop::finish(const AttemptRef& ref, const EmailSend& send, MailOutcome outcome) {
  Verdict verdict =
      judge(outcome, send, ref.attempt, clock_.now(), random_number(entropy_), settings_.retry);
  // An attempt that our own end cut short says nothing about the peer: the next process goes on.
  const bool cut_short = outcome.result == MailResult::Deferred && outcome.reply.code == 0;
  if (cut_short && !verdict.is_final() && is_stopping()) verdict.due_at = clock_.now();
  record({ref, std::move(outcome), std::move(verdict)});
}

void DeliveryLoop::give_up(const AttemptRef& ref, const Error& error) {
  if (error.code == ErrorCode::NotReady) {
    spdlog::warn("send {} waits: {}", ref.send_id.to_string(), error.message);
    MailOutcome outcome;
    outcome.detail = error.message;
    Verdict verdict;
    verdict.due_at = clock_.now() + settings_.poll_every;
    record({ref, std::move(outcome), std::move(verdict)});
    return;
  }
  record({ref, std::nullopt, failed(FailureReason::RenderFailed, error.message)});
}

void DeliveryLoop::record(OutcomeCommand command) {
  auto counted = std::make_shared<OutcomeCommand>(command);
  committer_.submit(record_outcomes_, std::move(command),
                    std::function<void(Result<bool>)>([this, counted](Result<bool> held) {
                      if (!held) {
                        spdlog::error("the outcome of send {} could not be recorded: {}",
                                      counted->ref.send_id.to_string(), held.error().message);
                      }
                      count(*counted, held.value_or(false));
                      {
                        const std::lock_guard lock(mutex_);
                        --in_flight_;
                        work_hint_ = true;
                        wake_.notify_all();
                      }
                    }));
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
