#include "core/delivery/retry.hpp"

#include <catch2/catch.hpp>
#include <random>

namespace segmentflow {
namespace {

constexpr Time kAccepted = 1'000'000 * kMicrosPerSecond;

RetryPolicy without_jitter() {
  RetryPolicy policy;
  policy.jitter_percent = 0;
  return policy;
}

TEST_CASE("retry: the default schedule") {
  const RetryPolicy policy = without_jitter();
  const std::vector<Time> minutes = {1, 5, 15, 30, 60, 120, 240, 240, 240};
  for (std::size_t i = 0; i < minutes.size(); ++i) {
    const auto next = next_attempt(static_cast<int>(i) + 1, kAccepted, kAccepted, 7, policy);
    REQUIRE(next.has_value());
    CHECK(*next == kAccepted + minutes[i] * kMicrosPerMinute);
  }
}

TEST_CASE("retry: gives up after four days") {
  const RetryPolicy policy = without_jitter();
  Time now = kAccepted;
  int attempts = 1;
  while (const auto next = next_attempt(attempts, kAccepted, now, 0, policy)) {
    REQUIRE(*next > now);
    REQUIRE(*next <= kAccepted + 4 * kMicrosPerDay);
    now = *next;
    ++attempts;
  }
  // 7 h 51 min in the first seven waits, then 22 waits of four hours fit in what is left of 96 h.
  CHECK(attempts == 1 + 7 + 22);
  CHECK(now > kAccepted + 4 * kMicrosPerDay - 4 * kMicrosPerHour);
}

TEST_CASE("retry: the last moment is still allowed, a microsecond later is not") {
  const RetryPolicy policy = without_jitter();
  const Time last = kAccepted + 4 * kMicrosPerDay - 1 * kMicrosPerMinute;
  CHECK(next_attempt(1, kAccepted, last, 0, policy) == kAccepted + 4 * kMicrosPerDay);
  CHECK_FALSE(next_attempt(1, kAccepted, last + 1, 0, policy).has_value());
}

TEST_CASE("retry: jitter is bounded, reaches both ends, and depends on the random value only") {
  const auto seed = Catch::rngSeed();
  INFO("seed " << seed);
  std::mt19937_64 random(seed);
  const RetryPolicy policy;
  const Time wait = 4 * kMicrosPerHour;
  const Time span = wait / 5;
  Time smallest = wait;
  Time largest = wait;
  for (int round = 0; round < 10'000; ++round) {
    const std::uint64_t value = random();
    const auto next = next_attempt(9, kAccepted, kAccepted, value, policy);
    REQUIRE(next.has_value());
    REQUIRE(next == next_attempt(9, kAccepted, kAccepted, value, policy));
    const Time waited = *next - kAccepted;
    REQUIRE(waited >= wait - span);
    REQUIRE(waited <= wait + span);
    smallest = std::min(smallest, waited);
    largest = std::max(largest, waited);
  }
  CHECK(smallest < wait - span * 9 / 10);
  CHECK(largest > wait + span * 9 / 10);
  const auto choices = static_cast<std::uint64_t>(span) * 2;
  CHECK(next_attempt(9, kAccepted, kAccepted, 0, policy) == kAccepted + wait - span);
  CHECK(next_attempt(9, kAccepted, kAccepted, choices, policy) == kAccepted + wait + span);
}

TEST_CASE("retry: a schedule of milliseconds, for tests") {
  RetryPolicy policy;
  policy.first_waits_micros = {};
  policy.every_micros = 1000;
  policy.jitter_percent = 0;
  policy.give_up_after_micros = 2500;
  CHECK(next_attempt(1, kAccepted, kAccepted, 0, policy) == kAccepted + 1000);
  CHECK(next_attempt(2, kAccepted, kAccepted + 1000, 0, policy) == kAccepted + 2000);
  CHECK_FALSE(next_attempt(3, kAccepted, kAccepted + 2000, 0, policy).has_value());
}

}  // namespace
}  // namespace segmentflow
