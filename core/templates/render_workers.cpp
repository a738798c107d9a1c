#include "core/templates/render_workers.hpp"

#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace segmentflow {
namespace {

Time thread_time() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return now.tv_sec * kMicrosPerSecond + now.tv_nsec / 1000;
}

// A defect in one piece of work must not take the others down.
void run_guarded(const std::function<void()>& work) {
  try {
    work();
  } catch (const std::exception& defect) {
    spdlog::error("work on a rendering thread failed: {}", defect.what());
  }
}

}  // namespace

RenderGate::Guard::Guard(Guard&& other) noexcept
    : gate_(std::exchange(other.gate_, nullptr)), is_alone_(other.is_alone_) {}

RenderGate::Guard::~Guard() {
  if (gate_ != nullptr) gate_->leave(is_alone_);
}

RenderGate::Guard RenderGate::enter() {
  std::unique_lock lock(mutex_);
  change_.wait(lock, [this] { return !is_alone_ && waiting_alone_ == 0; });
  ++inside_;
  return {*this, false};
}

RenderGate::Guard RenderGate::enter_alone() {
  std::unique_lock lock(mutex_);
  ++waiting_alone_;
  change_.wait(lock, [this] { return !is_alone_ && inside_ == 0; });
  --waiting_alone_;
  is_alone_ = true;
  return {*this, true};
}

void RenderGate::leave(bool is_alone) {
  {
    const std::lock_guard lock(mutex_);
    if (is_alone) {
      is_alone_ = false;
    } else {
      --inside_;
    }
  }
  change_.notify_all();
}

RenderWorkers::RenderWorkers(RenderWorkersOptions options) : options_(std::move(options)) {}

RenderWorkers::~RenderWorkers() {
  stop();
}

bool RenderWorkers::post(const Uuid& organization, std::function<void()> work) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return false;
    if (threads_.empty()) {
      for (int i = 0; i < options_.threads; ++i) threads_.emplace_back([this] { run(); });
    }
    Line& line = lines_[organization];
    if (options_.waiting_max > 0 && line.waiting.size() >= options_.waiting_max) return false;
    if (line.waiting.empty()) line.spent = std::max(line.spent, level_);
    line.waiting.push_back(std::move(work));
    ++waiting_;
  }
  wake_.notify_one();
  return true;
}

void RenderWorkers::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (auto& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

RenderWorkers::Lines::iterator RenderWorkers::next() {
  auto best = lines_.end();
  for (auto line = lines_.begin(); line != lines_.end(); ++line) {
    if (line->second.waiting.empty()) continue;
    if (best == lines_.end() || line->second.spent < best->second.spent) best = line;
  }
  return best;
}

// Who has nothing waiting and has spent no more than others would begin at the same level.
void RenderWorkers::forget_settled() {
  std::erase_if(lines_, [this](const auto& entry) {
    return entry.second.waiting.empty() && (entry.second.spent <= level_ || waiting_ == 0);
  });
}

void RenderWorkers::run() {
  if (options_.nice > 0) {
    ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), options_.nice);
  }
  const auto spent = options_.spent ? options_.spent : thread_time;
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || waiting_ > 0; });
    if (waiting_ == 0) return;
    const auto line = next();
    const Uuid organization = line->first;
    auto work = std::move(line->second.waiting.front());
    line->second.waiting.pop_front();
    --waiting_;
    const Time start = line->second.spent;
    level_ = std::max(level_, start);
    lock.unlock();
    const Time before = spent();
    run_guarded(work);
    work = nullptr;
    const Time took = spent() - before;
    lock.lock();
    Line& own = lines_[organization];
    own.spent = std::max(own.spent, start) + took;
    forget_settled();
  }
}

}  // namespace segmentflow
