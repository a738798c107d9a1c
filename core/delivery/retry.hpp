// When a deferred message is tried again (email-platforms.md §4.3, "Proposed default").
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/clock.hpp"

namespace segmentflow {

inline constexpr Time kMicrosPerMinute = 60 * kMicrosPerSecond;
inline constexpr Time kMicrosPerHour = 60 * kMicrosPerMinute;
inline constexpr Time kMicrosPerDay = 24 * kMicrosPerHour;

struct RetryPolicy {
  // The waits after the first, second, ... attempt; then `every_micros` between attempts.
  std::vector<Time> first_waits_micros = {
      1 * kMicrosPerMinute, 5 * kMicrosPerMinute, 15 * kMicrosPerMinute, 30 * kMicrosPerMinute,
      1 * kMicrosPerHour,   2 * kMicrosPerHour,   4 * kMicrosPerHour};
  Time every_micros = 4 * kMicrosPerHour;
  // Each wait is longer or shorter by up to this share (0 to 100), so that messages deferred
  // together do not come back together.
  int jitter_percent = 20;
  // No attempt is made later than this after acceptance.
  Time give_up_after_micros = 4 * kMicrosPerDay;
};

// The time of the next attempt after `attempts_done` (at least 1) attempts, the last of which ended
// at `now`; nullopt when it would be later than the policy allows, so that the message fails now.
// The same `random` gives the same time; its 64 bits should be evenly spread.
std::optional<Time> next_attempt(int attempts_done, Time accepted_at, Time now,
                                 std::uint64_t random, const RetryPolicy& policy);

}  // namespace segmentflow
