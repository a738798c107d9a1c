// Makes connections, and keeps an outage from becoming a storm: callers wait a moment for the
// server to come back; when it stays away they are told at once, and one in each kTryEvery tries.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>

#include "core/store/postgres/connection.hpp"

namespace segmentflow::postgres {

// Thread-safe.
class Connector {
 public:
  explicit Connector(SessionOptions options) : options_(std::move(options)) {}

  // Throws as Connection's constructor does; StoreUnavailable after kShortWait of trying, or at
  // once when the server has been away for longer.
  std::unique_ptr<Connection> connect();

  const SessionOptions& options() const { return options_; }

 private:
  using TimePoint = std::chrono::steady_clock::time_point;

  bool may_try();
  void note_failure();
  void note_success();
  bool is_long_away();

  const SessionOptions options_;
  std::mutex mutex_;
  bool away_ = false;
  TimePoint away_since_;
  TimePoint next_try_;
};

}  // namespace segmentflow::postgres
