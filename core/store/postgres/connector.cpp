#include "core/store/postgres/connector.hpp"

#include <spdlog/spdlog.h>

#include <thread>

namespace segmentflow::postgres {
namespace {

// Longer than a restart of a server takes, shorter than callers' patience.
constexpr std::chrono::seconds kShortWait{2};
constexpr std::chrono::milliseconds kTryEvery{50};

}  // namespace

std::unique_ptr<Connection> Connector::connect() {
  while (true) {
    if (may_try()) {
      try {
        auto connection = std::make_unique<Connection>(options_);
        note_success();
        return connection;
      } catch (const StoreUnavailable& failure) {
        note_failure();
        if (is_long_away()) throw;
        spdlog::debug("Waiting for PostgreSQL: {}", failure.what());
      }
    } else if (is_long_away()) {
      throw StoreUnavailable("PostgreSQL is away");
    }
    std::this_thread::sleep_for(kTryEvery);
  }
}

// While the server is away one try each kTryEvery is enough for all threads.
bool Connector::may_try() {
  const std::lock_guard lock(mutex_);
  const auto now = std::chrono::steady_clock::now();
  if (away_ && now < next_try_) return false;
  next_try_ = now + kTryEvery;
  return true;
}

void Connector::note_failure() {
  const std::lock_guard lock(mutex_);
  if (away_) return;
  away_ = true;
  away_since_ = std::chrono::steady_clock::now();
  spdlog::warn("PostgreSQL cannot be reached; trying again until it is back");
}

void Connector::note_success() {
  const std::lock_guard lock(mutex_);
  if (std::exchange(away_, false)) spdlog::info("PostgreSQL is back");
}

bool Connector::is_long_away() {
  const std::lock_guard lock(mutex_);
  return away_ && std::chrono::steady_clock::now() - away_since_ >= kShortWait;
}

}  // namespace segmentflow::postgres
