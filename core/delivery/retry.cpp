#include "core/delivery/retry.hpp"

#include <algorithm>

namespace segmentflow {
namespace {

Time wait_after(int attempts_done, const RetryPolicy& policy) {
  const auto index = static_cast<std::size_t>(std::max(attempts_done, 1) - 1);
  const auto& first = policy.first_waits_micros;
  return index < first.size() ? first[index] : policy.every_micros;
}

// Evenly spread over [wait - span, wait + span].
Time with_jitter(Time wait, int percent, std::uint64_t random) {
  const Time span = wait / 100 * percent + wait % 100 * percent / 100;
  const auto choices = static_cast<std::uint64_t>(span) * 2 + 1;
  return wait - span + static_cast<Time>(random % choices);
}

}  // namespace

std::optional<Time> next_attempt(int attempts_done, Time accepted_at, Time now,
                                 std::uint64_t random, const RetryPolicy& policy) {
  const Time wait = wait_after(attempts_done, policy);
  const Time next = now + with_jitter(wait, policy.jitter_percent, random);
  if (next > accepted_at + policy.give_up_after_micros) return std::nullopt;
  return next;
}

}  // namespace segmentflow
