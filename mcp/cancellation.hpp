// Whether a request is still wanted.
#pragma once

#include <functional>
#include <mutex>
#include <utility>
#include <vector>

namespace mcp {

// Thread-safe. What is to be called is called at most once, without a lock held.
class Cancellation {
 public:
  void cancel() {
    std::vector<std::function<void()>> calls;
    {
      const std::lock_guard lock(mutex_);
      if (std::exchange(cancelled_, true)) return;
      calls.swap(calls_);
    }
    for (const auto& call : calls) call();
  }

  bool is_cancelled() const {
    const std::lock_guard lock(mutex_);
    return cancelled_;
  }

  // Calls `then` when the request is cancelled: now, if it is.
  void on_cancel(std::function<void()> then) {
    {
      const std::lock_guard lock(mutex_);
      if (!cancelled_) {
        calls_.push_back(std::move(then));
        return;
      }
    }
    then();
  }

  // Forgets what was to be called: the request is answered.
  void forget() {
    std::vector<std::function<void()>> calls;
    const std::lock_guard lock(mutex_);
    calls.swap(calls_);
  }

 private:
  mutable std::mutex mutex_;
  bool cancelled_ = false;
  std::vector<std::function<void()>> calls_;
};

}  // namespace mcp
