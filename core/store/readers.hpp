// The threads on which reads run, so that no I/O thread waits for the database.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace segmentflow {

// Thread-safe. Destruction runs what is queued, then joins.
class ReaderPool {
 public:
  ReaderPool(int threads, std::size_t queue_max);
  ~ReaderPool();

  // Runs what is queued and takes nothing more.
  void stop();

  // Queues `work`; false when the queue is full (the caller answers RateLimited) or after stop().
  [[nodiscard]] bool post(std::function<void()> work);

 private:
  void run();

  const std::size_t queue_max_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> queue_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace segmentflow
