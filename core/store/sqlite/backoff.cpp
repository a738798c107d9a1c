#include "core/store/sqlite/backoff.hpp"

#include <thread>

namespace segmentflow::sqlite {
namespace {
constexpr int kStepMinMicros = 100;
constexpr int kStepMaxMicros = 2'000;
}  // namespace

Backoff::Backoff(std::chrono::microseconds total_max)
    : total_max_(total_max), random_(std::random_device{}()) {}

bool Backoff::wait() {
  if (waited_ >= total_max_) return false;
  std::uniform_int_distribution<int> micros(kStepMinMicros, kStepMaxMicros);
  const std::chrono::microseconds step(micros(random_));
  std::this_thread::sleep_for(step);
  waited_ += step;
  return true;
}

}  // namespace segmentflow::sqlite
