// Sends that end or go on without an outcome: their process is gone, their deadline has passed,
// nobody approved them.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/delivery/delivery_records.hpp"
#include "core/delivery/status_updates.hpp"

namespace segmentflow {
namespace {

// Which of the sends still wait for an approval; it comes too late now. One that has expired
// already had more emails than fitted into one round.
std::set<Uuid> expire_approvals(Transaction& tx, const std::vector<Uuid>& sends) {
  SqlInput ids({{"id", SqlType::Bytes}});
  for (const Uuid& id : sends) ids.add({id});
  std::set<Uuid> waiting;
  SqlInput approvals({{"id", SqlType::Bytes}});
  for (const auto& row : tx.query("SELECT s.id, a.id FROM {input} AS i "
                                  "JOIN email_sends s ON s.id = i.id "
                                  "JOIN approvals a ON a.id = s.approval_id "
                                  "WHERE a.state IN ('Pending', 'Expired')",
                                  ids)) {
    waiting.insert(row[0].uuid());
    approvals.add({row[1]});
  }
  tx.query(
      "UPDATE approvals SET state = 'Expired', decided_at = $1 FROM {input} AS i "
      "WHERE approvals.id = i.id AND approvals.state = 'Pending'",
      approvals, {tx.now()});
  return waiting;
}

// Attempts that were for copies alone.
class CopiesOfGone {
 public:
  void judge(Transaction& tx, const MailOutcome& unknown, const CopyJudge& with, const HeldJob& job,
             int attempt) {
    const EmailSend& send = with.send;
    for (auto& verdict : judge_owed(unknown, copies_of_attempt(tx, send.id, attempt), with)) {
      updates_.push_back({send.organization_id, send.id, attempt, std::move(verdict)});
    }
    jobs_.push_back({job, 0, attempt, true});
  }
  void settle(Transaction& tx, StatusUpdates& updates, std::vector<HeldJob>& finished,
              std::vector<RescheduledJob>& rescheduled) {
    write_copies(tx, updates_);
    std::vector<Uuid> sends;
    for (const auto& each : jobs_) sends.push_back(each.job.subject_id);
    const auto owed = next_copies(tx, sends);
    for (auto& each : jobs_) {
      const auto next = owed.find(each.job.subject_id);
      if (next == owed.end()) {
        updates.forget(each.job.subject_id);
        finished.push_back(each.job);
      } else {
        each.due_at = std::max(next->second, each.job.due_at + 1);
        rescheduled.push_back(each);
      }
    }
  }

 private:
  std::vector<CopyUpdate> updates_;
  std::vector<RescheduledJob> jobs_;
};

// Attempts that the gone instance had marked and not finished.
void judge_marked(Transaction& tx, const Lease& gone, const RetryPolicy& policy, Entropy& entropy) {
  static const std::string sql = fmt::format(
      "SELECT {}, j.deadline_at, j.row_id, j.due_at, a.number FROM jobs j JOIN delivery_attempts a "
      "ON a.send_id = j.subject_id AND a.outcome = 'Pending' JOIN email_sends s ON s.id = "
      "j.subject_id "
      "WHERE j.lease_instance = $1",
      email_send_columns());
  const auto random = [&] {
    std::uint64_t value = 0;
    entropy.fill({reinterpret_cast<std::uint8_t*>(&value), sizeof value});
    return value;
  };
  CopiesOfGone copies;
  StatusUpdates updates;
  std::vector<HeldJob> finished;
  std::vector<RescheduledJob> rescheduled;
  MailOutcome unknown;
  unknown.result = MailResult::Unknown;
  unknown.phase = MailPhase::DotWritten;
  unknown.detail = "The process died between the final dot and the peer's answer.";
  for (const auto& row : tx.query(sql, {gone.instance})) {
    EmailSend send = read_email_send(row, 0);
    send.deadline_at = row[row.size() - 4].integer();
    const HeldJob job{row[row.size() - 3].integer(), send.id, gone, row[row.size() - 2].integer()};
    const int attempt = static_cast<int>(row[row.size() - 1].integer());
    if (send.is_final()) {
      copies.judge(tx, unknown, {send, tx.now(), policy, random}, job, attempt);
      continue;
    }
    const Verdict verdict = judge(unknown, send, attempt, tx.now(), random(), policy);
    if (verdict.is_final()) {
      updates.add(send.id, verdict);
      finished.push_back(job);
    } else {
      rescheduled.push_back({job, verdict.due_at, attempt});
    }
  }
  copies.settle(tx, updates, finished, rescheduled);
  tx.query(
      "UPDATE delivery_attempts SET outcome = 'Unknown', detail = $1, finished_at = $2 "
      "WHERE instance_id = $3 AND outcome = 'Pending'",
      {unknown.detail, tx.now(), gone.instance});
  updates.write(tx);
  finish_jobs(tx, finished);
  reschedule_jobs(tx, rescheduled);
}

Verdict crashed(const SuspectPolicy& policy) {
  return failed(FailureReason::RenderCrashed,
                fmt::format("Rendering this email ended the server {} times while nothing else was "
                            "rendered. It is not tried again.",
                            policy.lone_crashes_max));
}

// Of these sends, those with a mark before the dot: nobody knows yet what became of them.
std::set<Uuid> marked_sends(Transaction& tx, const std::vector<Uuid>& sends) {
  SqlInput ids({{"id", SqlType::Bytes}});
  for (const Uuid& id : sends) ids.add({id});
  std::set<Uuid> marked;
  for (const auto& row : tx.query("SELECT a.send_id FROM {input} AS i JOIN delivery_attempts a "
                                  "ON a.send_id = i.id WHERE a.outcome = 'Pending'",
                                  ids)) {
    marked.insert(row[0].uuid());
  }
  return marked;
}

}  // namespace

Reaped reap_deliveries(Transaction& tx, const Lease& gone, const RetryPolicy& policy,
                       Entropy& entropy, Departure departure, const SuspectPolicy& suspects) {
  lock_jobs(tx, gone.instance);
  judge_marked(tx, gone, policy, entropy);
  Reaped reaped;
  if (departure == Departure::Died) {
    const auto suspected = suspect_jobs(tx, gone, suspects);
    reaped.suspects = suspected.fresh;
    StatusUpdates updates;
    for (const HeldJob& job : suspected.condemned) {
      reaped.condemned.push_back(job.subject_id);
      updates.add(job.subject_id, crashed(suspects));
    }
    updates.write(tx);
    finish_jobs(tx, suspected.condemned);
  }
  release_jobs(tx, gone.instance);
  return reaped;
}

void end_overdue_sends(Transaction& tx, int limit) {
  const auto overdue = take_overdue_jobs(tx, JobKind::Deliver, limit, marked_sends);
  const auto unapproved = expire_approvals(tx, overdue);
  std::vector<std::pair<Uuid, Verdict>> ended;
  for (const Uuid& send_id : overdue) {
    ended.emplace_back(send_id, unapproved.contains(send_id)
                                    ? skipped(SkippedReason::AdmissionDenied)
                                    : failed_at_deadline());
  }
  end_sends(tx, std::move(ended));
}

std::int64_t deny_unapproved_sends(Transaction& tx, const Uuid& approval_id) {
  StatusUpdates updates;
  SqlInput jobs({{"row_id", SqlType::Integer}});
  for (const auto& row :
       tx.query("SELECT j.row_id, s.id FROM email_sends s JOIN jobs j ON j.subject_id = s.id "
                "WHERE s.approval_id = $1 AND j.kind = $2 AND j.due_at = $3 AND j.crashes = 0",
                {approval_id, to_string(JobKind::Deliver), kUnapprovedDue})) {
    jobs.add({row[0]});
    updates.add(row[1].uuid(), skipped(SkippedReason::AdmissionDenied));
  }
  tx.query("DELETE FROM jobs WHERE row_id IN (SELECT i.row_id FROM {input} AS i)", jobs);
  updates.write(tx);
  return static_cast<std::int64_t>(jobs.rows().size());
}

}  // namespace segmentflow
