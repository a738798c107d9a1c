#include "core/store/readers.hpp"

#include <spdlog/spdlog.h>

namespace segmentflow {
namespace {

// A defect in one piece of work must not take the others down.
void run_guarded(const std::function<void()>& work) {
  try {
    work();
  } catch (const std::exception& defect) {
    spdlog::error("work on a reader thread failed: {}", defect.what());
  }
}

}  // namespace

ReaderPool::ReaderPool(int threads, std::size_t queue_max) : queue_max_(queue_max) {
  threads_.reserve(static_cast<std::size_t>(threads));
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
}

ReaderPool::~ReaderPool() {
  stop();
}

void ReaderPool::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (auto& thread : threads_) thread.join();
  threads_.clear();
}

bool ReaderPool::post(std::function<void()> work) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || queue_.size() >= queue_max_) return false;
    queue_.push_back(std::move(work));
  }
  wake_.notify_one();
  return true;
}

void ReaderPool::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (queue_.empty()) return;
    auto work = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    run_guarded(work);
    work = nullptr;
    lock.lock();
  }
}

}  // namespace segmentflow
