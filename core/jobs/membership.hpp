// This process's place among those that share the database: its lease, its heartbeat, and its watch
// over the others. One thread.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "core/jobs/instances.hpp"
#include "core/store/committer.hpp"

namespace segmentflow {

// Thread-safe.
class Membership {
 public:
  // Frees what a gone instance held, in the transaction that takes it off the list.
  using Reap = std::function<void(Transaction&, const Lease& gone)>;

  Membership(Database& database, Committer& committer, IdSource& ids, LeaseTimes times,
             Instance self, Reap reap);
  // Leaves the list; what is still held is freed as for a gone instance.
  ~Membership();

  // Joins the list and frees what dead processes held. NotReady when the database cannot serve.
  Result<void> start();
  void stop();

  Lease lease() const;
  // Whether a live `serve` is on the list: an embedded mcp leaves delivering to it.
  bool serve_is_alive() const;

 private:
  void run();
  void tick();
  Result<void> join_list();
  Result<void> beat();
  void reap_gone();

  Database& database_;
  Committer& committer_;
  IdSource& ids_;
  const LeaseTimes times_;
  Instance self_;
  const Reap reap_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  bool serve_is_alive_ = false;
  Lease lease_;
  Time last_beat_ = 0;
  bool is_member_ = false;
  std::shared_ptr<void> sign_of_life_;  // where the backend has one
  std::thread thread_;
};

}  // namespace segmentflow
