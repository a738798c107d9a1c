// This process's place among those that share the database: its lease, its heartbeat, and its watch
// over the others. One thread.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "core/jobs/instances.hpp"
#include "core/jobs/queue_clock.hpp"
#include "core/jobs/suspects.hpp"
#include "core/store/committer.hpp"

namespace segmentflow {

// Thread-safe.
class Membership {
 public:
  // Frees what a gone instance held, in the transaction that takes it off the list.
  using Reap = std::function<Reaped(Transaction&, const Lease& gone, Departure departure)>;

  // `elapsed` tells when the clock is set (QueueClock); nullptr: it never is.
  Membership(Database& database, Committer& committer, IdSource& ids, LeaseTimes times,
             Instance self, Reap reap, const ElapsedTime* elapsed = nullptr);
  // Leaves the list; what is still held is freed as for a gone instance.
  ~Membership();

  // Joins the list and frees what dead processes held. In a restored copy of the database the queue
  // is held first (hold_jobs). NotReady when the database cannot serve.
  Result<void> start();
  void stop();

  Lease lease() const;
  // Whether a live `serve` is on the list: an embedded mcp leaves delivering to it.
  bool serve_is_alive() const;
  // Whether the queue is this database's own. False while it cannot be told: nothing must be
  // claimed then.
  bool queue_is_ours() const;
  QueueClock& queue_clock() { return queue_clock_; }

 private:
  void run();
  void tick();
  Result<void> join_list();
  Result<void> beat();
  void note_beat(Time beat_at);
  void watch_clock();
  bool is_gone(const KnownInstance& other, Time now) const;
  void reap_gone();
  void check_provenance();
  bool survived(Transaction& tx, const std::string& recorded) const;
  bool others_may_know(Transaction& tx) const;
  bool settle_provenance(const std::string& recorded, const std::string& current, bool hold);
  void set_queue_is_ours(bool is_ours);

  Database& database_;
  Committer& committer_;
  IdSource& ids_;
  const LeaseTimes times_;
  Instance self_;
  const Reap reap_;
  QueueClock queue_clock_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  bool serve_is_alive_ = false;
  bool queue_is_ours_ = false;
  Lease lease_;
  Time last_beat_ = 0;
  std::optional<Time> healthy_since_;  // signs of life without a gap; nullopt after a failed one
  Time joined_at_ = 0;
  std::string known_identity_;  // of the database when the queue was last known to be ours
  // The newest job when the database was first seen to be a copy: later ones are its own.
  std::optional<std::int64_t> last_copied_job_;
  bool is_member_ = false;
  std::shared_ptr<void> sign_of_life_;  // where the backend has one
  std::thread thread_;
};

}  // namespace segmentflow
