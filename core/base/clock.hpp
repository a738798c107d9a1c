// The one clock. Nothing else in core asks the system for the time; tests turn a ManualClock.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

namespace segmentflow {

// Microseconds since 1970-01-01T00:00:00Z, the only form of time in storage.
using Time = std::int64_t;
inline constexpr Time kMicrosPerSecond = 1'000'000;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time now() const = 0;  // thread-safe
};

class SystemClock final : public Clock {
 public:
  Time now() const override;
};

class ManualClock final : public Clock {
 public:
  explicit ManualClock(Time start) : now_(start) {}
  Time now() const override { return now_.load(); }
  void advance(Time micros) { now_.fetch_add(micros); }

 private:
  std::atomic<Time> now_;
};

// ISO 8601 with milliseconds and Z, the form of the wire: 2026-05-29T00:00:00.000Z.
std::string to_iso8601(Time time);

// The date of a mail header (RFC 5322 §3.3), in UTC: Fri, 29 May 2026 00:00:00 +0000.
std::string to_rfc5322(Time time);

}  // namespace segmentflow
