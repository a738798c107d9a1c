#include "core/jobs/membership.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>

namespace segmentflow {
namespace {

// How often the list is looked at, at least. Fine enough for new deliverers to take over soon.
constexpr Time kLookEvery = kMicrosPerSecond;

}  // namespace

Membership::Membership(Database& database, Committer& committer, IdSource& ids, LeaseTimes times,
                       Instance self, Reap reap)
    : database_(database),
      committer_(committer),
      ids_(ids),
      times_(times),
      self_(std::move(self)),
      reap_(std::move(reap)) {}

Membership::~Membership() {
  stop();
}

Result<void> Membership::start() {
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
    // As for a dead process: an attempt whose outcome could not be recorded is not forgotten.
    reap_(tx, mine);
    release_jobs(tx, mine.instance);
    unregister_instance(tx, mine.instance);
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
  auto joined = committer_.run([this](Transaction& tx) -> Result<void> {
    register_instance(tx, self_, times_);
    return {};
  });
  if (!joined) return joined;
  const std::lock_guard lock(mutex_);
  sign_of_life_ = std::move(sign_of_life);
  is_member_ = true;
  lease_ = {self_.id, self_.epoch};
  last_beat_ = 0;
  return {};
}

Result<void> Membership::beat() {
  const Lease mine = lease();
  bool alive = true;
  auto beaten = committer_.run([&](Transaction& tx) -> Result<void> {
    alive = heartbeat(tx, mine, times_);
    return {};
  });
  if (!beaten || alive) return beaten;
  spdlog::warn("this process was declared gone after a stall; it starts a new lease");
  return join_list();
}

void Membership::reap_gone() {
  std::vector<KnownInstance> gone;
  bool serve_is_alive = false;
  const Uuid self = lease().instance;
  const auto read = database_.read([&](Transaction& tx) {
    const Time now = tx.now();
    for (const auto& other : list_instances(tx)) {
      const bool is_self = other.lease.instance == self;
      const bool is_gone =
          !is_self && (other.expires_at <= now || database_.instance_is_gone(other.lease.instance));
      if (is_gone) {
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
    const auto reaped = committer_.run([&](Transaction& tx) -> Result<void> {
      // Another process may have reaped it, or it may have renewed its life meanwhile.
      tx.query("DELETE FROM instances WHERE id = $1 AND epoch = $2 AND expires_at = $3",
               {other.lease.instance, other.lease.epoch, other.expires_at});
      if (tx.changes() == 1) reap_(tx, other.lease);
      return {};
    });
    if (reaped)
      spdlog::info("instance {} is gone; its jobs are free", other.lease.instance.to_string());
  }
}

void Membership::tick() {
  Time now = 0;
  const auto read = database_.read([&](Transaction& tx) { now = tx.now(); });
  if (!read) return;
  if (now - last_beat_ >= times_.heartbeat) {
    if (const auto beaten = beat(); beaten) {
      last_beat_ = now;
    } else {
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
    tick();
    lock.lock();
  }
}

}  // namespace segmentflow
