// Keeps the queue right when the database's clock is set. Time that did not pass brings no deadline
// nearer, and no job becomes due later than it was: a clock that is set back takes the due times
// along; one that is set forward makes jobs due early at worst. Deadlines move with the clock
// either way.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/base/elapsed.hpp"
#include "core/store/committer.hpp"

namespace segmentflow {

// Smaller steps are let be; so is the drift of clocks that are kept right.
inline constexpr Time kClockStepMin = 2 * kMicrosPerSecond;

// Where nobody has looked at the queue for this long, what ran out untried meanwhile gets so much
// time for an attempt: nobody knows whether so much time has passed at all.
inline constexpr Time kUnwatchedMin = 60 * kMicrosPerSecond;
inline constexpr Time kUntriedGrace = 600 * kMicrosPerSecond;

// Thread-safe.
class QueueClock {
 public:
  // Without `elapsed` the clock is never taken to have been set.
  QueueClock(Committer& committer, const ElapsedTime* elapsed)
      : committer_(committer), elapsed_(elapsed) {}

  // The process begins to watch: what happened to the clock since somebody looked last is made up
  // for. To be called once, before anything is decided by the time. NotReady.
  Result<void> begin();

  // Whether the clock has gone on as before since the last look. If not, nothing may be decided by
  // the time before settle() has moved the queue.
  bool is_steady(Transaction& tx);
  Result<void> settle();

  // A sign that somebody looks, for begin() in another process or after a restart.
  void note_look(Transaction& tx);

 private:
  struct View {
    Time offset = 0;  // the database's clock before elapsed time
    Time steps = 0;   // by how much the queue was moved since it came to be, by anybody
  };

  Committer& committer_;
  const ElapsedTime* const elapsed_;
  std::mutex mutex_;
  std::optional<View> view_;
};

// What is doubtful about the database's clock, in sentences; `machine` is this machine's.
std::vector<std::string> clock_problems(Transaction& tx, const Clock& machine);

}  // namespace segmentflow
