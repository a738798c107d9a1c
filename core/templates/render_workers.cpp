#include "core/templates/render_workers.hpp"

#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <system_error>
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

RenderWorkers::RenderWorkers(RenderWorkersOptions options)
    : options_(std::move(options)), has_patient_(options_.patient_nice > 0) {
  quick_.nice = options_.nice;
  patient_.nice = options_.patient_nice;
}

RenderWorkers::~RenderWorkers() {
  stop();
}

bool RenderWorkers::post(const Uuid& organization, std::function<void()> work) {
  const std::lock_guard lock(mutex_);
  if (stopping_) return false;
  Line& line = lines_[organization];
  if (options_.waiting_max > 0 && line.waiting.size() >= options_.waiting_max) return false;
  Crew& crew = crew_of(line);
  if (line.waiting.empty()) line.spent = std::max(line.spent, crew.level);
  line.waiting.push_back(std::move(work));
  ++waiting_;
  call(crew);
  return true;
}

void RenderWorkers::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  for (Crew* crew : {&quick_, &patient_}) {
    crew->wake.notify_all();
    for (auto& thread : crew->threads) {
      if (thread.joinable()) thread.join();
    }
  }
}

RenderWorkers::Crew& RenderWorkers::crew_of(const Line& line) {
  return has_patient_ && line.usual > kLongWork ? patient_ : quick_;
}

void RenderWorkers::call(Crew& crew) {
  try {
    while (crew.threads.size() < static_cast<std::size_t>(options_.threads)) {
      crew.threads.emplace_back([this, &crew] { run(crew); });
    }
  } catch (const std::system_error&) {  // fewer do as well, but for none
    if (crew.threads.empty() && &crew == &quick_) throw;
    if (crew.threads.empty()) {
      has_patient_ = false;
      return quick_.wake.notify_all();
    }
  }
  crew.wake.notify_one();
}

RenderWorkers::Lines::iterator RenderWorkers::next(const Crew& crew) {
  auto best = lines_.end();
  for (auto line = lines_.begin(); line != lines_.end(); ++line) {
    const bool is_its_own = stopping_ || &crew_of(line->second) == &crew;
    if (line->second.waiting.empty() || !is_its_own) continue;
    if (best == lines_.end() || line->second.spent < best->second.spent) best = line;
  }
  return best;
}

void RenderWorkers::note_spent(const Crew& by, const Uuid& organization, Time start, Time took) {
  constexpr Time kMeanOf = 4;
  Line& line = lines_[organization];
  const Crew& before = crew_of(line);
  // What another crew has counted is on a scale of its own.
  line.spent = (&by == &before ? std::max(line.spent, start) : line.spent) + took;
  line.usual += (took - line.usual) / kMeanOf;
  Crew& now = crew_of(line);
  if (&now == &before) return;
  line.spent = now.level;
  for (std::size_t i = 0; i < line.waiting.size() && !stopping_; ++i) call(now);
}

// Who has nothing waiting and has spent no more than others would begin at the same level.
void RenderWorkers::forget_settled() {
  std::erase_if(lines_, [this](const auto& entry) {
    const Line& line = entry.second;
    const bool is_quick = &crew_of(line) == &quick_;
    return line.waiting.empty() && is_quick && (line.spent <= quick_.level || waiting_ == 0);
  });
}

void RenderWorkers::run(Crew& crew) {
  if (crew.nice > 0) ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), crew.nice);
  const auto spent = options_.spent ? options_.spent : thread_time;
  std::unique_lock lock(mutex_);
  while (true) {
    auto line = lines_.end();
    crew.wake.wait(lock, [&] {
      line = next(crew);
      return stopping_ || line != lines_.end();
    });
    if (line == lines_.end()) return;
    const Uuid organization = line->first;
    auto work = std::move(line->second.waiting.front());
    line->second.waiting.pop_front();
    --waiting_;
    const Time start = line->second.spent;
    crew.level = std::max(crew.level, start);
    lock.unlock();
    const Time before = spent();
    run_guarded(work);
    work = nullptr;
    const Time took = spent() - before;
    lock.lock();
    note_spent(crew, organization, start, took);
    forget_settled();
  }
}

}  // namespace segmentflow
