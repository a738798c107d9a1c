// The half of the DeliveryLoop that claims and composes.
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <new>
#include <utility>

#include "core/delivery/delivery_loop.hpp"

namespace segmentflow {
namespace {

struct CountedDown {
  std::atomic<int>& count;
  ~CountedDown() { --count; }
};

// Claims wait until this share of the places is free, so that they come in groups under load. The
// same share is what others have beside an organisation that takes all places.
constexpr int kClaimShare = 4;

// A slower look at the database's clock does not say how far it is ahead of ours.
constexpr Time kClockReadMax = kMicrosPerSecond / 10;

// Deliveries that try whether the relay lets us deliver again.
constexpr int kProbes = 4;

// Jobs of a claim whose answer was lost are looked for often for a while, and then now and then for
// good: nobody can say when the server will have made it durable.
constexpr Time kDoubt = 40 * kMicrosPerSecond;
constexpr Time kLookForStraysInDoubt = 2 * kMicrosPerSecond;
constexpr Time kLookForStraysEvery = 30 * kMicrosPerSecond;

constexpr Time kPauseMin = 1'000;

int share_of(int places) {
  return std::max(1, places / kClaimShare);
}

}  // namespace

// A defect in one turn must not end the process, and with it the other deliveries.
bool DeliveryLoop::claim_or_log() {
  try {
    follow_clock();
    submit_refused();
    release_strays_now_and_then();
    return may_claim() && claim_and_start();
  } catch (const std::exception& defect) {
    spdlog::error("looking for deliveries failed because of a defect: {}", defect.what());
    return false;
  }
}

// Waits by a clock that was set back would be too long.
void DeliveryLoop::follow_clock() {
  const Time now = clock_.now();
  if (now < last_turn_at_) {
    look_for_strays_at_ = look_beside_at_ = now;
    suspects_wait_from_.reset();
    relay_.follow_clock(now);
  }
  last_turn_at_ = now;
}

// True when there may be more to claim at once.
bool DeliveryLoop::claim_and_start() {
  const int wanted = room();
  if (wanted == 0 && !is_time_to_look_beside()) return false;
  const Due next = next_delivery();
  bool is_more = false;
  if (next.is_due()) {
    is_more = wanted == 0 ? claim_for_others()
                          : start_all(claim({membership_.lease(), wanted, ClaimOf::Due, turns_}));
  }
  if (is_suspects_turn(next)) is_more = deliver_suspect() || is_more;
  return is_more;
}

std::optional<ClaimAnswer> DeliveryLoop::claim(ClaimCommand command) {
  auto claimed = committer_.run(claim_, std::move(command));
  if (!claimed) {
    spdlog::warn("claiming deliveries failed: {}", claimed.error().message);
    doubt_until_ = clock_.now() + kDoubt;
    look_for_strays_at_ = clock_.now() + kLookForStraysInDoubt;
    return std::nullopt;
  }
  turns_ = claimed->turns;
  note_claimed(*claimed);
  return std::move(*claimed);
}

bool DeliveryLoop::start_all(std::optional<ClaimAnswer> claimed) {
  if (!claimed) return false;
  const bool is_more = !claimed->deliveries.empty() || claimed->ended > 0;
  for (auto& delivery : claimed->deliveries) start_delivery(std::move(delivery));
  return is_more;
}

// All places are taken: those that have few of them get some more.
bool DeliveryLoop::claim_for_others() {
  ClaimCommand command{membership_.lease(), 0, ClaimOf::Others, turns_};
  {
    const std::lock_guard lock(mutex_);
    const int share = share_of(settings_.in_flight_max);
    command.limit = settings_.in_flight_max + share - static_cast<int>(in_flight_.size());
    for (const auto& [organization, count] : in_flight_of_) {
      if (count >= share) command.busy.insert(organization);
    }
  }
  return command.limit > 0 && start_all(claim(std::move(command)));
}

bool DeliveryLoop::is_time_to_look_beside() {
  if (relay_.is_shut()) return false;
  const Time now = clock_.now();
  if (now < look_beside_at_) return false;
  look_beside_at_ = now + settings_.poll_first;
  return true;
}

bool DeliveryLoop::is_suspects_turn(const Due& next) {
  if (!next.is_suspect_due()) {
    suspects_wait_from_.reset();
    return false;
  }
  const Time now = clock_.now();
  if (!suspects_wait_from_) suspects_wait_from_ = now;
  const bool has_waited = now - *suspects_wait_from_ >= settings_.suspect_wait_max;
  const bool is_shut = relay_.is_shut();
  const bool may_try = now >= relay_.shut_until();
  const std::lock_guard lock(mutex_);
  // One that has crashed once was most likely in bad company: what is on its way to the relay need
  // not be out of harm's way first.
  const bool is_safe =
      in_flight_.empty() || (next.suspect->is_first_crash && !is_shut && composing_ == 0);
  if (is_safe) return (!next.is_due() || has_waited) && may_try;
  return has_waited && !is_shut;
}

// Nothing else renders in this process from before the claim says so until what it says is taken
// back: if the process dies meanwhile, this email is to blame.
bool DeliveryLoop::deliver_suspect() {
  std::optional<Delivery> suspect;
  Result<OutgoingMail> mail = OutgoingMail{};
  {
    const auto alone = composer_.gate().enter_alone();
    auto claimed = claim({membership_.lease(), 1, ClaimOf::Suspect, turns_});
    if (!claimed) return false;
    if (claimed->deliveries.empty()) return claimed->ended > 0;
    suspects_wait_from_.reset();
    suspect = std::move(claimed->deliveries.front());
    mail = compose(*suspect);
    if (!is_cleared(*suspect)) return true;
  }
  hand_over(*suspect, std::move(mail));
  return true;
}

bool DeliveryLoop::is_cleared(const Delivery& delivery) {
  const AttemptRef ref = attempt_of(delivery);
  const auto held = committer_.run(clear_alone_, ref.job);
  if (held.value_or(false)) return true;
  if (held) {
    ++counters_.late;
    const std::lock_guard lock(mutex_);
    forget(ref);
  } else {
    give_up(delivery, held.error());
  }
  return false;
}

void DeliveryLoop::note_claimed(const ClaimAnswer& claimed) {
  counters_.skipped += static_cast<std::uint64_t>(claimed.ended);
  const std::lock_guard lock(mutex_);
  for (const Delivery& delivery : claimed.deliveries) {
    in_flight_.insert(delivery.job.row_id);
    ++in_flight_of_[delivery.send.organization_id];
  }
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
  bool is_steady = true;
  const Time before = clock_.now();
  const auto read = database_.read([&](Transaction& tx) {
    next.at = next_due(tx, JobKind::Deliver);
    next.suspect = next_suspect(tx, JobKind::Deliver);
    next.now = tx.now();
    is_steady = membership_.queue_clock().is_steady(tx);
  });
  const Time took = clock_.now() - before;
  if (read && took < kClockReadMax) database_ahead_ = next.now - (before + took / 2);
  if (!read) spdlog::warn("looking for deliveries failed: {}", read.error().message);
  if (is_steady) return next;
  const auto settled = membership_.queue_clock().settle();
  if (!settled) spdlog::warn("the queue cannot follow the clock: {}", settled.error().message);
  return {};  // the next look is a new one
}

void DeliveryLoop::wait_for_work() {
  poll_ = std::clamp(poll_, settings_.poll_first, settings_.poll_max);
  Time pause = poll_;
  poll_ *= 2;
  if (may_claim() && room() > 0) {  // else an outcome or the end of the pause comes first
    const Due next = next_delivery();
    const auto suspect_at = next.suspect ? std::optional(next.suspect->due_at) : std::nullopt;
    for (const auto& at : {next.at, suspect_at}) {
      if (at && *at > next.now) pause = std::min(pause, *at - next.now);
    }
  }
  if (relay_.is_shut()) {
    pause = std::max(kPauseMin, std::min(pause, relay_.shut_until() - clock_.now()));
  }
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, std::chrono::microseconds(pause),
                 [this] { return stopping_ || work_hint_; });
}

// How many may be claimed now: a few to try the relay after a pause, else all free places.
int DeliveryLoop::room() {
  const bool is_shut = relay_.is_shut();
  const bool may_try = clock_.now() >= relay_.shut_until();
  const std::lock_guard lock(mutex_);
  const int free = std::max(0, settings_.in_flight_max - static_cast<int>(in_flight_.size()));
  if (!is_shut) return free < settings_.in_flight_max / kClaimShare ? 0 : free;
  if (!may_try || !in_flight_.empty()) return 0;
  return std::min(free, kProbes);
}

void DeliveryLoop::start_delivery(Delivery delivery) {
  if (hold_back(delivery)) return;
  const Uuid organization = delivery.send.organization_id;
  // Shared, because work can be copied.
  auto claimed = std::make_shared<const Delivery>(std::move(delivery));
  ++composing_;
  if (!workers_.post(organization, [this, claimed] { compose_and_send(*claimed); })) {
    --composing_;
    put_back(attempt_of(*claimed));
  }
}

// Mail of a sender that the relay refuses waits without a try, so that it is in nobody's way.
bool DeliveryLoop::hold_back(const Delivery& delivery) {
  const auto until = relay_.holds(delivery.send, clock_.now());
  if (!until) return false;
  Verdict verdict;
  verdict.due_at = std::max(*until + database_ahead_.load(), delivery.job.due_at + 1);
  verdict.counts = false;
  record({attempt_of(delivery), std::nullopt, std::move(verdict)});
  return true;
}

void DeliveryLoop::compose_and_send(const Delivery& delivery) {
  const CountedDown at_the_end{composing_};
  if (is_stopping()) return put_back(attempt_of(delivery));
  Result<OutgoingMail> mail = OutgoingMail{};
  {
    const auto inside = composer_.gate().enter();
    mail = compose(delivery);
  }
  hand_over(delivery, std::move(mail));
}

void DeliveryLoop::hand_over(const Delivery& delivery, Result<OutgoingMail> mail) {
  const AttemptRef ref = attempt_of(delivery);
  if (!mail) {
    give_up(delivery, mail.error());
    return;
  }
  mail->deadline = std::chrono::steady_clock::now() +
                   std::chrono::microseconds(delivery.send.deadline_at - ref.started_at);
  auto before_dot = [this, ref](std::function<void(bool)> go) {
    committer_.submit(mark_dots_, AttemptRef(ref),
                      std::function<void(Result<bool>)>(
                          [go = std::move(go)](Result<bool> held) { go(held.value_or(false)); }));
  };
  auto done = [this, attempt = about(ref, delivery)](MailOutcome outcome) {
    finish(attempt, std::move(outcome));
  };
  transport_.send(std::move(*mail), std::move(before_dot), std::move(done));
}

// A send that cannot be composed because of a defect must not take the process down: it would be
// claimed again after every restart.
Result<OutgoingMail> DeliveryLoop::compose(const Delivery& delivery) {
  try {
    return composer_.compose(delivery);
  } catch (const std::bad_alloc&) {
    spdlog::error("send {} cannot be composed: out of memory", delivery.send.id.to_string());
    return fail(ErrorCode::Internal, "There was not enough memory to compose the message.");
  } catch (const std::exception& defect) {
    spdlog::error("send {} cannot be composed: {}", delivery.send.id.to_string(), defect.what());
    return fail(ErrorCode::Internal, "The message could not be composed because of a defect.");
  }
}

AttemptRef DeliveryLoop::attempt_of(const Delivery& delivery) const {
  return {delivery.job, delivery.send.organization_id, delivery.attempt, database_now()};
}

}  // namespace segmentflow
