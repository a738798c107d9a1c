#include "core/jobs/suspects.hpp"

#include <algorithm>

namespace segmentflow {
namespace {

// The first crash may well be another job's; after that a suspect steps back, for longer each time.
Time wait_after(std::int64_t crashes, const SuspectPolicy& policy) {
  if (crashes <= 1) return 0;
  Time wait = policy.wait_first;
  for (std::int64_t i = 2; i < crashes && wait < policy.wait_max; ++i) wait *= 2;
  return std::min(wait, policy.wait_max);
}

}  // namespace

Suspected suspect_jobs(Transaction& tx, const Lease& dead, const SuspectPolicy& policy) {
  Suspected suspected;
  SqlInput freed({{"row_id", SqlType::Integer},
                  {"due_at", SqlType::Integer},
                  {"lone_crashes", SqlType::Integer}});
  for (const auto& row :
       tx.query("SELECT row_id, subject_id, due_at, crashes, lone_crashes + is_alone FROM jobs "
                "WHERE lease_instance = $1",
                {dead.instance})) {
    const std::int64_t crashes = row[3].integer() + 1;
    const std::int64_t lone_crashes = row[4].integer();
    if (lone_crashes >= policy.lone_crashes_max) {
      suspected.condemned.push_back({row[0].integer(), row[1].uuid(), dead, row[2].integer()});
      continue;
    }
    if (crashes == 1) ++suspected.fresh;
    const Time wait = wait_after(crashes, policy);
    const Time due_at = wait == 0 ? std::min(row[2].integer(), tx.now()) : tx.now() + wait;
    freed.add({row[0], due_at, lone_crashes});
  }
  tx.query(
      "UPDATE jobs SET lease_instance = NULL, crashes = crashes + 1, due_at = i.due_at, "
      "lone_crashes = i.lone_crashes, is_alone = 0 FROM {input} AS i "
      "WHERE jobs.row_id = i.row_id",
      freed);
  return suspected;
}

std::optional<ClaimedJob> claim_suspect(Transaction& tx, JobKind kind, const Lease& lease) {
  if (!may_claim(tx, lease)) return std::nullopt;
  const auto rows = tx.query(
      "SELECT row_id, organization_id, subject_id, due_at, attempts, deadline_at FROM jobs "
      "WHERE crashes > 0 AND due_at <= $1 AND lease_instance IS NULL AND kind = $2 "
      "ORDER BY lone_crashes, crashes, due_at LIMIT 1 {skip_locked}",
      {tx.now(), to_string(kind)});
  if (rows.empty()) return std::nullopt;
  const auto& row = rows[0];
  tx.query("UPDATE jobs SET lease_instance = $1, lease_epoch = $2, is_alone = 1 WHERE row_id = $3",
           {lease.instance, lease.epoch, row[0]});
  return claimed_job(row, lease);
}

std::vector<bool> clear_alone(Transaction& tx, std::span<const HeldJob> jobs) {
  auto held = held_jobs(tx, jobs);
  SqlInput ours({{"row_id", SqlType::Integer}});
  SqlInput lost({{"row_id", SqlType::Integer}, {"subject_id", SqlType::Bytes}});
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    if (held[i]) {
      ours.add({jobs[i].row_id});
    } else {
      lost.add({jobs[i].row_id, jobs[i].subject_id});
    }
  }
  tx.query(
      "UPDATE jobs SET is_alone = 0, lone_crashes = 0 FROM {input} AS i "
      "WHERE jobs.row_id = i.row_id",
      ours);
  tx.query(
      "UPDATE jobs SET lone_crashes = lone_crashes - 1 FROM {input} AS i "
      "WHERE jobs.row_id = i.row_id AND jobs.subject_id = i.subject_id AND lone_crashes > 0",
      lost);
  return held;
}

std::optional<NextSuspect> next_suspect(Transaction& tx, JobKind kind) {
  const auto rows = tx.query(
      "SELECT min(due_at), min(crashes) FROM jobs WHERE crashes > 0 AND lease_instance IS NULL "
      "AND kind = $1",
      {to_string(kind)});
  const SqlRow& row = rows.at(0);
  if (row[0].is_null()) return std::nullopt;
  return NextSuspect{row[0].integer(), row[1].integer() == 1};
}

std::int64_t count_suspects(Transaction& tx) {
  return tx.query("SELECT count(*) FROM jobs WHERE crashes > 0").at(0)[0].integer();
}

}  // namespace segmentflow
