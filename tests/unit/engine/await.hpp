// Waits for what another thread will do, and fails when it does not.
#pragma once

#include <chrono>
#include <stdexcept>
#include <thread>

namespace segmentflow::test {

inline constexpr std::chrono::seconds kPatience{60};

template <class Condition>
void await(const Condition& condition) {
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) {
      throw std::runtime_error("what was waited for did not happen");
    }
    std::this_thread::yield();
  }
}

}  // namespace segmentflow::test
