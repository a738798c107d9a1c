// Threads on which templates are rendered, apart from those that wait for the database and the
// network: one heavy template delays nobody else's mail or reads.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/id.hpp"

namespace segmentflow {

// Who renders is inside, together with others; who must render alone keeps everybody else out. A
// guard may be given up on another thread than that which got it. Thread-safe.
class RenderGate {
 public:
  class Guard {
   public:
    Guard(Guard&& other) noexcept;
    Guard& operator=(Guard&&) = delete;
    ~Guard();

   private:
    friend class RenderGate;
    Guard(RenderGate& gate, bool is_alone) : gate_(&gate), is_alone_(is_alone) {}
    RenderGate* gate_;
    bool is_alone_;
  };

  // Waits while somebody renders alone or waits to.
  [[nodiscard]] Guard enter();
  // Waits until nobody renders.
  [[nodiscard]] Guard enter_alone();

 private:
  void leave(bool is_alone);

  std::mutex mutex_;
  std::condition_variable change_;
  int inside_ = 0;
  int waiting_alone_ = 0;
  bool is_alone_ = false;
};

struct RenderWorkersOptions {
  int threads = 1;
  // Added to the priority of the threads: 0 to 19, the lowest (setpriority(2), by thread on Linux).
  int nice = 0;
  // Pieces of work of one organisation that may wait; beyond, post() refuses. 0: no bound.
  std::size_t waiting_max = 0;
  // What the calling thread has spent so far; empty: its processor time.
  std::function<Time()> spent = {};
};

// Organisations take turns by the time that their work took, not by its number: whoever has spent
// least goes next, so that another's work waits for at most one piece on each thread. Threads start
// with the first work. Thread-safe.
class RenderWorkers {
 public:
  explicit RenderWorkers(RenderWorkersOptions options);
  ~RenderWorkers();

  // Queues `work`, which may throw; false when too much of the organisation waits, or after stop().
  [[nodiscard]] bool post(const Uuid& organization, std::function<void()> work);

  // Runs what waits, then joins the threads.
  void stop();

 private:
  struct Line {
    std::deque<std::function<void()>> waiting;
    Time spent = 0;
  };
  using Lines = std::map<Uuid, Line>;

  void run();
  Lines::iterator next();
  void forget_settled();

  const RenderWorkersOptions options_;
  std::mutex mutex_;
  std::condition_variable wake_;
  Lines lines_;  // of organisations that have work waiting, or have spent more than others
  std::size_t waiting_ = 0;
  Time level_ = 0;  // what the organisation served last had spent; who comes anew begins here
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace segmentflow
