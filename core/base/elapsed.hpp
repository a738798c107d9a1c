// Time that passes, whatever the clock is set to: by it one sees that the clock was set.
#pragma once

#include <atomic>

#include "core/base/clock.hpp"

namespace segmentflow {

class ElapsedTime {
 public:
  virtual ~ElapsedTime() = default;
  // Since some moment in the past, the same while the process lives; thread-safe.
  virtual Time now() const = 0;
};

// Since the machine was started, its sleep included.
class BootTime final : public ElapsedTime {
 public:
  Time now() const override;
};

class ManualElapsed final : public ElapsedTime {
 public:
  Time now() const override { return now_.load(); }
  void advance(Time micros) { now_.fetch_add(micros); }

 private:
  std::atomic<Time> now_ = 0;
};

}  // namespace segmentflow
