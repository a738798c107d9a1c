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

// The priority of what may wait: nearly the lowest, so that it goes on beside a busy server.
inline constexpr int kPatientNice = 15;

struct RenderWorkersOptions {
  int threads = 1;
  // Added to the priority of the threads: 0 to 19, the lowest (setpriority(2), by thread on Linux).
  int nice = 0;
  // As many threads again with this priority, for organisations whose work takes long, so that it
  // takes little from what else the machine does; 0: none.
  int patient_nice = 0;
  // Pieces of work of one organisation that may wait; beyond, post() refuses. 0: no bound.
  std::size_t waiting_max = 0;
  // What the calling thread has spent so far; empty: its processor time.
  std::function<Time()> spent = {};
};

// Work of an organisation that takes longer than this, as a moving mean, is for the patient
// threads.
inline constexpr Time kLongWork = 2'000;  // us

// Organisations take turns by the time that their work took, not by its number: whoever has spent
// least goes next, so that another's work waits for at most one piece on each thread. Threads start
// with the first work of their kind. Thread-safe.
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
    Time usual = 0;  // of one piece of work
  };
  using Lines = std::map<Uuid, Line>;
  // Threads of one priority.
  struct Crew {
    int nice = 0;
    Time level = 0;  // what who was served last had spent; who comes anew begins here
    std::condition_variable wake;
    std::vector<std::thread> threads;
  };

  void run(Crew& crew);
  Crew& crew_of(const Line& line);
  void call(Crew& crew);
  Lines::iterator next(const Crew& crew);
  void note_spent(const Crew& by, const Uuid& organization, Time start, Time took);
  void forget_settled();

  const RenderWorkersOptions options_;
  std::mutex mutex_;
  Lines lines_;  // of organisations that have work waiting, or are known to take much
  std::size_t waiting_ = 0;
  bool stopping_ = false;
  Crew quick_;
  Crew patient_;
  bool has_patient_;  // false where none is wanted, or its threads could not be started
};

}  // namespace segmentflow
