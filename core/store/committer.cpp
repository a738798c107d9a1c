#include "core/store/committer.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <limits>
#include <typeinfo>
#include <variant>

namespace segmentflow {
namespace {

using detail::CommitGroup;
using detail::Pending;
using detail::Slice;

using Groups = std::vector<std::unique_ptr<CommitGroup>>;

// Work refused after it had written: its transaction must go, and with it that of its neighbours.
class WrittenThenRefused : public std::exception {
 public:
  explicit WrittenThenRefused(Error error) : error_(std::move(error)) {}
  const Error& error() const { return error_; }

 private:
  Error error_;
};

class WorkWrite final : public ListWrite<Committer::Work, std::monostate> {
 public:
  std::vector<Result<std::monostate>> apply(Transaction& tx,
                                            std::span<const Committer::Work> works) override {
    std::vector<Result<std::monostate>> answers;
    for (const auto& work : works) {
      const std::int64_t before = tx.rows_written();
      Result<void> result = work(tx);
      if (result) {
        answers.emplace_back(std::monostate{});
        continue;
      }
      if (tx.rows_written() != before) throw WrittenThenRefused(std::move(result.error()));
      answers.emplace_back(tl::unexpected(std::move(result.error())));
    }
    return answers;
  }
};

// Groups by kind, in the order of each kind's first command.
Groups group(const std::vector<std::unique_ptr<Pending>>& taken) {
  Groups groups;
  for (const auto& pending : taken) {
    auto same = std::find_if(groups.begin(), groups.end(), [&](const auto& candidate) {
      return candidate->kind() == pending->kind();
    });
    if (same == groups.end()) same = groups.insert(groups.end(), pending->make_group());
    pending->join(**same);
  }
  return groups;
}

std::size_t commands_in(std::span<const Slice> slices) {
  std::size_t count = 0;
  for (const Slice& slice : slices) count += slice.count;
  return count;
}

template <class Action>
void for_each_command(std::span<const Slice> slices, Action action) {
  for (const Slice& slice : slices) {
    for (std::size_t i = 0; i < slice.count; ++i) action(*slice.group, slice.first + i);
  }
}

void refuse_all(std::span<const Slice> slices, const Error& error) {
  for_each_command(slices, [&](CommitGroup& group, std::size_t i) { group.refuse(i, error); });
}

// The store's own messages hold no data values; those of other exceptions might.
void log_poisoned(const std::exception& failure) {
  const bool is_ours = dynamic_cast<const StoreConstraint*>(&failure) != nullptr ||
                       dynamic_cast<const StoreDefect*>(&failure) != nullptr;
  spdlog::error("A write failed and was answered with `internal`: {}",
                is_ours ? failure.what() : typeid(failure).name());
}

// What callers do with an answer must not stop the thread that everybody's writes go through.
template <class Callback>
void guarded(std::string_view what, const Callback& callback) {
  try {
    callback();
  } catch (const std::exception& failure) {
    spdlog::error("The {} threw {}.", what, typeid(failure).name());
  }
}

Error poisoned() {
  return {ErrorCode::Internal, "The write failed because of a defect; it left nothing behind."};
}

}  // namespace

Committer::Committer(Database& database, CommitterLimits limits)
    : database_(database),
      limits_(limits),
      work_write_(std::make_unique<WorkWrite>()),
      alone_write_(std::make_unique<WorkWrite>()) {
  const int count = database.writers();
  threads_.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) threads_.emplace_back([this] { work(); });
}

Committer::~Committer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (auto& thread : threads_) thread.join();
}

Result<void> Committer::run(Work work) {
  auto result = run<Work, std::monostate>(*work_write_, std::move(work));
  return result.map([](std::monostate) {});
}

Result<void> Committer::run_always(Work work) {
  constexpr std::size_t kNoLimit = std::numeric_limits<std::size_t>::max();
  auto result = run_within<Work, std::monostate>(kNoLimit, *work_write_, std::move(work));
  return result.map([](std::monostate) {});
}

void Committer::submit(Work work, std::function<void(Result<void>)> done) {
  submit_to(*work_write_, std::move(work), std::move(done));
}

void Committer::submit_alone(Work work, std::function<void(Result<void>)> done) {
  submit_to(*alone_write_, std::move(work), std::move(done));
}

void Committer::submit_to(ListWrite<Work, std::monostate>& write, Work work,
                          std::function<void(Result<void>)> done) {
  submit<Work, std::monostate>(write, std::move(work),
                               [done = std::move(done)](Result<std::monostate> result) {
                                 done(std::move(result).map([](std::monostate) {}));
                               });
}

void Committer::on_commit(std::function<void()> hook) {
  on_commit_ = std::move(hook);
}

CommitterCounters Committer::counters() const {
  const std::lock_guard lock(mutex_);
  CommitterCounters counters = counters_;
  counters.waiting = waiting_.size();
  return counters;
}

void Committer::require_other_thread() const {
  const auto self = std::this_thread::get_id();
  const bool is_own = std::any_of(threads_.begin(), threads_.end(),
                                  [&](const std::thread& each) { return each.get_id() == self; });
  if (is_own) throw StoreDefect("waiting for the committer on its own thread");
}

std::optional<Error> Committer::try_enqueue(std::size_t queue_max,
                                            std::unique_ptr<Pending>& pending) {
  const std::lock_guard lock(mutex_);
  if (stopping_) return Error{ErrorCode::NotReady, "The server is stopping; try again."};
  if (waiting_.size() >= queue_max) {
    return Error{ErrorCode::RateLimited, "The queue of writes is full; try again in a moment."};
  }
  waiting_.push_back(std::move(pending));
  return std::nullopt;
}

void Committer::enqueue(std::size_t queue_max, std::unique_ptr<Pending> pending) {
  std::optional<Error> refusal = try_enqueue(queue_max, pending);
  if (!refusal) {
    wake_.notify_one();
    return;
  }
  refusal->retry_after_s = kRetryAfterSeconds;
  pending->refuse(*refusal);
}

void Committer::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    std::vector<std::unique_ptr<Pending>> taken;
    std::size_t weight = 0;
    while (!waiting_.empty() && (taken.empty() || weight < limits_.batch_max)) {
      weight += waiting_.front()->weight();
      taken.push_back(std::move(waiting_.front()));
      waiting_.pop_front();
    }
    lock.unlock();
    const Groups groups = group(taken);
    commit(groups);
    lock.lock();
  }
}

// All in one transaction, but for what is to have one of its own.
void Committer::commit(const std::vector<std::unique_ptr<CommitGroup>>& groups) {
  std::vector<Slice> shared;
  for (const auto& each : groups) {
    if (each->kind() != alone_write_.get()) {
      shared.push_back({each.get(), 0, each->size()});
      continue;
    }
    for (std::size_t i = 0; i < each->size(); ++i) commit(std::array{Slice{each.get(), i, 1}});
  }
  if (!shared.empty()) commit(shared);
}

// Shared first; after a poisoned attempt in parts, down to the single command.
void Committer::commit(std::span<const Slice> slices) {
  const bool alone = commands_in(slices) == 1;
  bool committed = false;
  try {
    database_.write([&](Transaction& tx) {
      for (const Slice& slice : slices) slice.group->apply(tx, slice.first, slice.count);
    });
    committed = true;
  } catch (const WrittenThenRefused& refused) {
    if (!alone) return commit_in_parts(slices);
    refuse_all(slices, refused.error());
  } catch (const StoreUnavailable& failure) {
    spdlog::warn("A commit failed, the callers may try again: {}", failure.what());
    refuse_all(slices, database_not_ready());
  } catch (const std::exception& failure) {
    if (!alone) return commit_in_parts(slices);
    log_poisoned(failure);
    refuse_all(slices, poisoned());
  }
  finish(slices, committed);
}

void Committer::commit_in_parts(std::span<const Slice> slices) {
  {
    const std::lock_guard lock(mutex_);
    ++counters_.retries;
  }
  if (slices.size() > 1) {
    for (const Slice& slice : slices) commit({&slice, 1});
    return;
  }
  const Slice& whole = slices.front();
  const std::size_t half = whole.count / 2;
  const std::array halves = {Slice{whole.group, whole.first, half},
                             Slice{whole.group, whole.first + half, whole.count - half}};
  for (const Slice& slice : halves) commit({&slice, 1});
}

void Committer::finish(std::span<const Slice> slices, bool committed) {
  if (committed) {
    const std::lock_guard lock(mutex_);
    ++counters_.commits;
    counters_.commands += commands_in(slices);
  }
  for_each_command(slices, [](CommitGroup& group, std::size_t i) {
    guarded("answer to a write", [&] { group.answer(i); });
  });
  if (committed && on_commit_) guarded("hook after a commit", on_commit_);
}

}  // namespace segmentflow
