#include "core/jobs/membership.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>

#include "core/jobs/provenance.hpp"

namespace segmentflow {
namespace {

// How often the list is looked at, at least. Fine enough for new deliverers to take over soon.
constexpr Time kLookEvery = kMicrosPerSecond;

// After an outage of the database everybody's sign of life looks old. So an instance is taken for
// gone only by one that has been seen alive itself for this many heartbeats.
constexpr int kHealthyBeats = 2;

// Two signs of life further apart than this many heartbeats are a gap: the database stalled, and
// the others' signs of life may have stalled with ours.
constexpr int kGapBeats = 3;

void log_reaped(const Lease& gone, const Reaped& reaped) {
  spdlog::info("instance {} is gone; its jobs are free", gone.instance.to_string());
  if (reaped.suspects > 0) {
    spdlog::warn(
        "the process of instance {} died with {} emails under way that are now delivered one at a "
        "time, after all others",
        gone.instance.to_string(), reaped.suspects);
  }
  for (const Uuid& subject : reaped.condemned) {
    spdlog::error(
        "send {} failed (RenderCrashed): the server died each time it rendered this email alone. "
        "Read it and its template with get_email and get_template, change the template, and "
        "report the crash",
        subject.to_string());
  }
}

}  // namespace

Membership::Membership(Database& database, Committer& committer, IdSource& ids, LeaseTimes times,
                       Instance self, Reap reap, const ElapsedTime* elapsed)
    : database_(database),
      committer_(committer),
      ids_(ids),
      times_(times),
      self_(std::move(self)),
      reap_(std::move(reap)),
      queue_clock_(committer, elapsed) {}

Membership::~Membership() {
  stop();
}

Result<void> Membership::start() {
  check_provenance();
  if (auto begun = queue_clock_.begin(); !begun) return begun;
  if (auto joined = join_list(); !joined) return joined;
  tick();
  thread_ = std::thread([this] { run(); });
  return {};
}

void Membership::stop() {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
  if (!is_member_) return;
  const Lease mine = lease();
  const auto left = committer_.run([&](Transaction& tx) -> Result<void> {
    unregister_instance(tx, mine.instance);
    // As for a dead process: an attempt whose outcome could not be recorded is not forgotten.
    reap_(tx, mine, Departure::Left);
    return {};
  });
  if (!left) spdlog::warn("leaving the instance list failed: {}", left.error().message);
  is_member_ = false;
  sign_of_life_.reset();
}

Lease Membership::lease() const {
  const std::lock_guard lock(mutex_);
  return lease_;
}

bool Membership::queue_is_ours() const {
  const std::lock_guard lock(mutex_);
  return queue_is_ours_;
}

bool Membership::serve_is_alive() const {
  const std::lock_guard lock(mutex_);
  return serve_is_alive_;
}

Result<void> Membership::join_list() {
  // A new life gets a new id: what an earlier life held is never mistaken for ours.
  self_.id = ids_.next();
  ++self_.epoch;
  std::shared_ptr<void> sign_of_life;
  try {
    sign_of_life = database_.hold_instance(self_.id);
  } catch (const StoreUnavailable& unavailable) {
    return fail(ErrorCode::NotReady, unavailable.what());
  }
  Time joined_at = 0;
  auto joined = committer_.run_always([&](Transaction& tx) -> Result<void> {
    // The installation may be on its way to another database: then this start ends the move, or
    // comes too late.
    if (auto usable = require_not_moved(tx); !usable) return usable;
    drop_open_move(tx);
    register_instance(tx, self_, times_);
    joined_at = tx.now();
    return {};
  });
  if (!joined) return joined;
  const std::lock_guard lock(mutex_);
  sign_of_life_ = std::move(sign_of_life);
  is_member_ = true;
  lease_ = {self_.id, self_.epoch};
  last_beat_ = joined_at;
  joined_at_ = joined_at;
  healthy_since_ = joined_at;
  return {};
}

Result<void> Membership::beat() {
  const Lease mine = lease();
  std::optional<Time> beat_at;
  auto beaten = committer_.run_always([&](Transaction& tx) -> Result<void> {
    beat_at = heartbeat(tx, mine, times_);
    queue_clock_.note_look(tx);
    return {};
  });
  if (!beaten) return beaten;
  if (beat_at) {
    note_beat(*beat_at);
    return {};
  }
  spdlog::warn("this process was declared gone after a stall; it starts a new lease");
  return join_list();
}

// A clock that was set back counts as a gap: how long ago things were cannot be told by it.
void Membership::note_beat(Time beat_at) {
  const Time since = beat_at - last_beat_;
  const bool is_gap = since < 0 || since > kGapBeats * times_.heartbeat;
  if (is_gap || !healthy_since_) healthy_since_ = beat_at;
  if (since < 0) joined_at_ += since;
  last_beat_ = beat_at;
}

void Membership::watch_clock() {
  bool is_steady = true;
  const auto read =
      database_.read([&](Transaction& tx) { is_steady = queue_clock_.is_steady(tx); });
  if (!read || is_steady) return;
  if (const auto settled = queue_clock_.settle(); !settled) {
    spdlog::warn("the clock was set, and the queue cannot follow yet: {}", settled.error().message);
  }
}

bool Membership::is_gone(const KnownInstance& other, Time now) const {
  if (database_.instance_is_gone(other.lease.instance)) return true;
  const bool is_healthy = healthy_since_ &&
                          now - *healthy_since_ >= kHealthyBeats * times_.heartbeat &&
                          now - last_beat_ <= kGapBeats * times_.heartbeat;
  return is_healthy && other.expires_at <= now;
}

void Membership::reap_gone() {
  std::vector<KnownInstance> gone;
  bool serve_is_alive = false;
  const Uuid self = lease().instance;
  const auto read = database_.read([&](Transaction& tx) {
    const Time now = tx.now();
    for (const auto& other : list_instances(tx)) {
      if (other.lease.instance != self && is_gone(other, now)) {
        gone.push_back(other);
      } else if (other.role == InstanceRole::Serve) {
        serve_is_alive = true;
      }
    }
  });
  if (!read) return;
  {
    const std::lock_guard lock(mutex_);
    serve_is_alive_ = serve_is_alive;
  }
  for (const auto& other : gone) {
    bool was_first = false;
    Reaped reaped;
    const auto done = committer_.run([&](Transaction& tx) -> Result<void> {
      // Another process may have reaped it, or it may have renewed its life meanwhile.
      tx.query("DELETE FROM instances WHERE id = $1 AND epoch = $2 AND expires_at = $3",
               {other.lease.instance, other.lease.epoch, other.expires_at});
      was_first = tx.changes() == 1;
      if (was_first) reaped = reap_(tx, other.lease, Departure::Died);
      return {};
    });
    if (done && was_first) log_reaped(other.lease, reaped);
  }
}

// True when this process was a member under the identity on record, and its last sign of life is
// there: a standby took over that had everything.
bool Membership::survived(Transaction& tx, const std::string& recorded) const {
  if (recorded != known_identity_ || !is_member_) return false;
  for (const auto& instance : list_instances(tx)) {
    if (instance.lease.instance == lease_.instance) return instance.heartbeat_at >= last_beat_;
  }
  return false;
}

// Another that was there before this process came, or is still to be waited for.
bool Membership::others_may_know(Transaction& tx) const {
  const Time now = tx.now();
  if (is_member_ && now - joined_at_ >= times_.expiry) return false;
  for (const auto& other : list_instances(tx)) {
    if (other.lease.instance != lease_.instance && other.expires_at > now) return true;
  }
  return false;
}

// False when another process settled it first, or the database is away.
bool Membership::settle_provenance(const std::string& recorded, const std::string& current,
                                   bool hold) {
  std::int64_t held = 0;
  bool settled = false;
  const auto done = committer_.run([&](Transaction& tx) -> Result<void> {
    settled = record_identity(tx, recorded, current);
    if (!settled || !hold) return {};
    // What the copy's processes had under way is Unknown: they were those of the original.
    for (const auto& instance : list_instances(tx)) reap_(tx, instance.lease, Departure::Left);
    held = hold_jobs(tx, last_copied_job_.value_or(0));
    return {};
  });
  if (!done || !settled) return false;
  if (!hold && !recorded.empty()) {
    spdlog::warn("another server has taken the database over; the queue goes on");
  } else if (hold) {
    spdlog::warn(
        "this database is a restored copy: {} queued emails are on hold, because the original "
        "may have sent them since. New emails are delivered. Run segmentflow resume to "
        "deliver them",
        held);
  }
  return true;
}

void Membership::check_provenance() {
  std::string current;
  std::string recorded;
  bool is_survivor = false;
  bool must_wait = false;
  const auto read = database_.read([&](Transaction& tx) {
    current = tx.identity();
    recorded = recorded_identity(tx);
    if (recorded != current && !last_copied_job_) last_copied_job_ = last_job(tx);
    is_survivor = survived(tx, recorded);
    must_wait = others_may_know(tx);
  });
  if (!read) return set_queue_is_ours(false);
  const bool is_first = recorded.empty();
  bool is_ours = recorded == current || current.empty();
  if (!is_ours && (is_survivor || is_first || !must_wait)) {
    is_ours = settle_provenance(recorded, current, !is_survivor && !is_first);
  }
  if (is_ours) {
    known_identity_ = current;
    last_copied_job_.reset();
  }
  set_queue_is_ours(is_ours);
}

void Membership::set_queue_is_ours(bool is_ours) {
  const std::lock_guard lock(mutex_);
  queue_is_ours_ = is_ours;
}

void Membership::tick() {
  Time now = 0;
  const auto read = database_.read([&](Transaction& tx) { now = tx.now(); });
  if (!read) {
    healthy_since_.reset();
    return;
  }
  check_provenance();
  watch_clock();
  if (now - last_beat_ >= times_.heartbeat || now < last_beat_) {
    if (const auto beaten = beat(); !beaten) {
      healthy_since_.reset();
      spdlog::warn("no heartbeat: {}", beaten.error().message);
    }
  }
  reap_gone();
}

void Membership::run() {
  // A sign of life must not wait for the next look, or short leases would run out between two.
  const auto pause = std::chrono::microseconds(std::min(kLookEvery, times_.heartbeat));
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, pause, [this] { return stopping_; })) {
    lock.unlock();
    try {
      tick();
    } catch (const std::exception& defect) {  // must not end the process
      spdlog::error("watching the other processes failed because of a defect: {}", defect.what());
    }
    lock.lock();
  }
}

}  // namespace segmentflow
