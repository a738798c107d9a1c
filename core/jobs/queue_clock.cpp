#include "core/jobs/queue_clock.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <cstdlib>

#include "core/jobs/jobs.hpp"

namespace segmentflow {
namespace {

// Clocks that differ by more than this are worth a word.
constexpr Time kDoubtful = 60 * kMicrosPerSecond;
// No process of this version has run before.
constexpr Time kReleased = 1'767'225'600 * kMicrosPerSecond;  // 2026-01-01

bool is_step(Time difference) {
  return std::abs(difference) >= kClockStepMin;
}

bool is_step_back(Time difference) {
  return difference < 0 && is_step(difference);
}

// A job that somebody holds keeps its due time, by which it is held; it counts again only when it
// is free (release_jobs).
void move_queue(Transaction& tx, Time step) {
  if (step < 0) {
    tx.query("UPDATE jobs SET due_at = due_at + $1 WHERE lease_instance IS NULL AND due_at < $2",
             {step, kUnapprovedDue});
  }
  tx.query("UPDATE jobs SET deadline_at = deadline_at + $1", {step});
  tx.query("UPDATE instances SET heartbeat_at = heartbeat_at + $1, expires_at = expires_at + $1",
           {step});
  tx.query("UPDATE installation SET clock_steps = clock_steps + $1, looked_at = $2",
           {step, tx.now()});
}

void give_grace(Transaction& tx) {
  tx.query(
      "UPDATE jobs SET deadline_at = $1 WHERE deadline_at < $1 AND attempts = 0 "
      "AND lease_instance IS NULL AND due_at < $2",
      {tx.now() + kUntriedGrace, kUnapprovedDue});
}

struct Record {
  Time steps = 0;
  std::optional<Time> looked_at;
};

// The update holds off others that are about to do the same.
Record locked_record(Transaction& tx) {
  tx.query("UPDATE installation SET clock_steps = clock_steps");
  const auto rows = tx.query("SELECT clock_steps, looked_at FROM installation");
  if (rows.empty()) return {};
  return {rows[0][0].integer(), rows[0][1].optional_integer()};
}

void log_step(Time step) {
  spdlog::warn("the database's clock was set {} by {} s; deadlines{} have moved with it",
               step < 0 ? "back" : "forward", std::abs(step) / kMicrosPerSecond,
               step < 0 ? " and due times" : "");
}

}  // namespace

Result<void> QueueClock::begin() {
  if (elapsed_ == nullptr) return {};
  View seen;
  Time since = 0;
  auto done = committer_.run_always([&](Transaction& tx) -> Result<void> {
    const Record record = locked_record(tx);
    seen = {tx.now() - elapsed_->now(), record.steps};
    since = record.looked_at ? tx.now() - *record.looked_at : 0;
    if (is_step_back(since)) {
      move_queue(tx, since);
      seen.steps += since;
    } else if (since >= kUnwatchedMin) {
      give_grace(tx);
    }
    note_look(tx);
    return {};
  });
  if (!done) return done;
  if (is_step_back(since)) log_step(since);
  const std::lock_guard lock(mutex_);
  view_ = seen;
  return {};
}

bool QueueClock::is_steady(Transaction& tx) {
  if (elapsed_ == nullptr) return true;
  const Time offset = tx.now() - elapsed_->now();
  const std::lock_guard lock(mutex_);
  if (!view_) return true;
  if (is_step(offset - view_->offset)) return false;
  view_->offset = offset;
  return true;
}

Result<void> QueueClock::settle() {
  View seen;
  {
    const std::lock_guard lock(mutex_);
    if (elapsed_ == nullptr || !view_) return {};
    seen = *view_;
  }
  View settled;
  Time step = 0;
  auto done = committer_.run([&](Transaction& tx) -> Result<void> {
    settled = {tx.now() - elapsed_->now(), locked_record(tx).steps};
    // Others see the same clock; what they have moved is not to be moved again.
    step = (settled.offset - seen.offset) - (settled.steps - seen.steps);
    if (!is_step(step)) return {};
    move_queue(tx, step);
    settled.steps += step;
    return {};
  });
  if (!done) return done;
  if (is_step(step)) log_step(step);
  const std::lock_guard lock(mutex_);
  view_ = settled;
  return {};
}

void QueueClock::note_look(Transaction& tx) {
  tx.query("UPDATE installation SET looked_at = $1", {tx.now()});
}

std::vector<std::string> clock_problems(Transaction& tx, const Clock& machine) {
  std::vector<std::string> problems;
  const Time now = tx.now();
  const Time ahead = now - machine.now();
  if (std::abs(ahead) > kDoubtful) {
    problems.push_back(
        fmt::format("the database's clock ({}) and this machine's ({}) differ; set both right",
                    to_iso8601(now), to_iso8601(machine.now())));
  }
  if (now < kReleased) {
    problems.push_back(fmt::format(
        "the clock says {}, which is before this version was made; set it right", to_iso8601(now)));
  }
  const auto later_than_now = [&](const SqlRows& rows, const char* what) {
    if (rows.empty() || rows[0][0].is_null() || rows[0][0].integer() <= now + kDoubtful) return;
    problems.push_back(
        fmt::format("the clock says {}, but {} at {}: it was set back, or was wrong "
                    "then; check that it is right now",
                    to_iso8601(now), what, to_iso8601(rows[0][0].integer())));
  };
  later_than_now(tx.query("SELECT looked_at FROM installation"), "a server looked at the queue");
  later_than_now(tx.query("SELECT created_at FROM email_sends ORDER BY row_id DESC LIMIT 1"),
                 "the newest email was accepted");
  return problems;
}

}  // namespace segmentflow
