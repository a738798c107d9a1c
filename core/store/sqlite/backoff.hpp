// Waiting for a lock that another process holds: short, random steps, because commits take well
// under a millisecond and SQLite's own steps of up to 100 ms would sleep through the free moments.
#pragma once

#include <chrono>
#include <random>

namespace segmentflow::sqlite {

class Backoff {
 public:
  explicit Backoff(std::chrono::microseconds total_max);
  void restart() { waited_ = std::chrono::microseconds::zero(); }
  // Sleeps 0.1 to 2 ms; false, without sleeping, once the total is used up.
  bool wait();

 private:
  std::chrono::microseconds total_max_;
  std::chrono::microseconds waited_{0};
  std::minstd_rand random_;
};

}  // namespace segmentflow::sqlite
