#include "core/delivery/delivery_records.hpp"

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "core/delivery/status_updates.hpp"
#include "core/profiles/profiles.hpp"
#include "core/senders/senders.hpp"
#include "schemas/describe/json.hpp"

namespace segmentflow {
namespace {

using describe::Json;

// The columns after those of the send in the claim's query.
enum ClaimColumn : std::size_t {
  kData,
  kProfile,
  kBrand,
  kErasedAt,
  kSuppression,
  kSenderRemovedAt,
  kDomainStatus,
  kPolicy,
  kChoice,
  kClaimColumns
};

const std::string& claim_sql() {
  static const std::string sql = fmt::format(
      "SELECT {}, c.data, c.profile, c.brand, p.erased_at, x.reason, f.removed_at, d.status, "
      "g.policy, b.subscribed FROM {{input}} AS i JOIN email_sends s ON s.id = i.send_id "
      "LEFT JOIN email_contents c ON c.send_id = s.id "
      "LEFT JOIN profiles p ON p.organization_id = s.organization_id AND p.id = s.profile_id "
      "LEFT JOIN suppressions x ON x.organization_id = s.organization_id "
      "AND x.email_key = p.email_key "
      "LEFT JOIN sender_profiles f ON f.organization_id = s.organization_id "
      "AND f.id = s.sender_profile_id "
      "LEFT JOIN sending_domains d ON d.organization_id = s.organization_id "
      "AND d.id = f.domain_id "
      "LEFT JOIN subscription_groups g ON g.organization_id = s.organization_id "
      "AND g.id = s.subscription_group_id "
      "LEFT JOIN subscriptions b ON b.organization_id = s.organization_id "
      "AND b.group_id = g.id AND b.profile_id = s.profile_id",
      email_send_columns());
  return sql;
}

// The checks that are made again at each attempt; nullopt: go on.
std::optional<Verdict> check_again(const EmailSend& send, const SqlRow& row, std::size_t first,
                                   Time now) {
  const auto at = [&](ClaimColumn column) -> const SqlValue& { return row.at(first + column); };
  if (!at(kErasedAt).is_null()) return skipped(SkippedReason::ProfileErased);
  if (!at(kSuppression).is_null()) return skipped(SkippedReason::ProfileSuppressed);
  if (send.subscription_group_id && !at(kPolicy).is_null()) {
    const auto policy = parse_subscription_policy(at(kPolicy).text()).value();
    const auto choice = at(kChoice).optional_integer();
    if (!is_subscribed(policy, choice ? std::optional(*choice != 0) : std::nullopt)) {
      return skipped(SkippedReason::ProfileUnsubscribed);
    }
  }
  if (at(kDomainStatus).is_null() || !at(kSenderRemovedAt).is_null()) {
    return skipped(SkippedReason::InvalidSenderProfile);
  }
  if (at(kDomainStatus).text() != kDomainVerified) return skipped(SkippedReason::DomainNotVerified);
  if (now > send.deadline_at) {
    return failed(FailureReason::ProviderUnavailable, "The deadline of the send has passed.");
  }
  if (at(kData).is_null()) {
    return failed(FailureReason::WorkerFailed,
                  "What the message is rendered from is no longer kept.");
  }
  return std::nullopt;
}

void begin_processing(Transaction& tx, std::vector<Delivery>& deliveries, IdSource& ids) {
  SqlInput begun({{"id", SqlType::Bytes}, {"message_id", SqlType::Bytes}});
  for (Delivery& delivery : deliveries) {
    EmailSend& send = delivery.send;
    if (send.status == SendStatus::Processing && send.message_id) continue;
    if (!send.message_id) send.message_id = ids.next();
    send.status = SendStatus::Processing;
    begun.add({send.id, *send.message_id});
  }
  tx.query(
      "UPDATE email_sends SET status = 'Processing', message_id = i.message_id, updated_at = $1 "
      "FROM {input} AS i WHERE email_sends.id = i.id",
      begun, {tx.now()});
}

std::vector<ClaimedJob> claim_jobs(Transaction& tx, const ClaimCommand& command, Turns& turns) {
  std::vector<ClaimedJob> jobs;
  switch (command.of) {
    case ClaimOf::Due:
      return claim_in_turn(tx, JobKind::Deliver, command.lease, command.limit, turns);
    case ClaimOf::Others:
      return claim_for_others(tx, JobKind::Deliver, command.lease, command.limit, command.busy,
                              turns);
    case ClaimOf::Suspect:
      if (auto one = claim_suspect(tx, JobKind::Deliver, command.lease)) jobs.push_back(*one);
  }
  return jobs;
}

ClaimAnswer claim(Transaction& tx, const ClaimCommand& command, IdSource& ids) {
  ClaimAnswer answer;
  answer.turns = command.turns;
  const auto jobs = claim_jobs(tx, command, answer.turns);
  SqlInput subjects({{"send_id", SqlType::Bytes}});
  std::map<Uuid, const ClaimedJob*> by_send;
  for (const auto& claimed : jobs) {
    subjects.add({claimed.job.subject_id});
    by_send[claimed.job.subject_id] = &claimed;
  }
  StatusUpdates ended;
  std::vector<HeldJob> ended_jobs;
  std::vector<Uuid> erased;
  for (auto& row : tx.query(claim_sql(), subjects)) {
    const std::size_t first = row.size() - kClaimColumns;
    Delivery delivery;
    delivery.send = read_email_send(row, 0);
    const ClaimedJob& claimed = *by_send.at(delivery.send.id);
    delivery.send.deadline_at = claimed.deadline_at;  // the job's is the one that counts
    if (auto verdict = check_again(delivery.send, row, first, tx.now())) {
      if (verdict->skipped_reason == SkippedReason::ProfileErased) {
        erased.push_back(delivery.send.id);
      }
      ended.add(delivery.send.id, *verdict);
      ended_jobs.push_back(claimed.job);
      continue;
    }
    delivery.job = claimed.job;
    delivery.attempt = claimed.attempts + 1;
    delivery.data_json = row[first + kData].text();
    delivery.profile_json = row[first + kProfile].text();
    delivery.brand_json = row[first + kBrand].optional_text();
    answer.deliveries.push_back(std::move(delivery));
  }
  ended.write(tx);
  finish_jobs(tx, ended_jobs);
  // An accept beside the erasure, which did not see its end, has written the address once more.
  forget_recipients(tx, erased);
  answer.ended = static_cast<int>(ended_jobs.size());
  begin_processing(tx, answer.deliveries, ids);
  return answer;
}

// Which of the attempts still belong to their claim.
template <class Command, class RefOf>
std::vector<bool> held(Transaction& tx, std::span<const Command> commands, RefOf ref_of) {
  std::vector<HeldJob> jobs;
  jobs.reserve(commands.size());
  for (const Command& command : commands) jobs.push_back(ref_of(command).job);
  return held_jobs(tx, jobs);
}

std::string_view to_string(MailResult result) {
  switch (result) {
    case MailResult::Accepted:
      return "Accepted";
    case MailResult::Deferred:
      return "Deferred";
    case MailResult::Rejected:
      return "Rejected";
    case MailResult::Unknown:
      return "Unknown";
  }
  return "";
}

std::string_view to_string(MailPhase phase) {
  switch (phase) {
    case MailPhase::NotStarted:
      return "NotStarted";
    case MailPhase::EnvelopeSent:
      return "EnvelopeSent";
    case MailPhase::DotWritten:
      return "DotWritten";
    case MailPhase::Replied:
      return "Replied";
  }
  return "";
}

std::string refused_to_json(const std::vector<RefusedCopy>& copies) {
  if (copies.empty()) return "[]";
  Json list = Json::array();
  for (const auto& copy : copies) {
    list.push_back(
        {{"recipient", copy.recipient}, {"code", copy.reply.code}, {"text", copy.reply.text}});
  }
  return describe::dump_json(list);
}

void write_attempts(Transaction& tx, std::span<const OutcomeCommand> commands,
                    const std::vector<bool>& ours) {
  using enum SqlType;
  SqlInput rows({{"organization_id", Bytes},
                 {"send_id", Bytes},
                 {"number", Integer},
                 {"instance_id", Bytes},
                 {"outcome", Text},
                 {"phase", Text},
                 {"peer", Text},
                 {"reply_code", Integer},
                 {"reply_enhanced", Text},
                 {"reply_text", Text},
                 {"detail", Text},
                 {"refused_copies", Text},
                 {"started_at", Integer}});
  for (std::size_t i = 0; i < commands.size(); ++i) {
    if (!ours[i] || !commands[i].outcome) continue;
    const AttemptRef& ref = commands[i].ref;
    const MailOutcome& outcome = *commands[i].outcome;
    rows.add({ref.organization_id, ref.job.subject_id, ref.attempt, ref.job.lease.instance,
              to_string(outcome.result), to_string(outcome.phase), outcome.peer, outcome.reply.code,
              outcome.reply.enhanced, outcome.reply.text, outcome.detail,
              refused_to_json(outcome.refused_copies), ref.started_at});
  }
  tx.query(
      "INSERT INTO delivery_attempts (organization_id, send_id, number, instance_id, outcome, "
      "phase, peer, reply_code, reply_enhanced, reply_text, detail, refused_copies, started_at, "
      "finished_at) SELECT i.organization_id, i.send_id, i.number, i.instance_id, i.outcome, "
      "i.phase, i.peer, i.reply_code, i.reply_enhanced, i.reply_text, i.detail, "
      "i.refused_copies, i.started_at, $1 FROM {input} AS i WHERE 1 = 1 "
      "ON CONFLICT (send_id, number) DO UPDATE SET outcome = excluded.outcome, "
      "phase = excluded.phase, peer = excluded.peer, reply_code = excluded.reply_code, "
      "reply_enhanced = excluded.reply_enhanced, reply_text = excluded.reply_text, "
      "detail = excluded.detail, refused_copies = excluded.refused_copies, "
      "finished_at = excluded.finished_at",
      rows, {tx.now()});
}

// An attempt that is given back came to nothing: no dot was written, whatever was marked.
void forget_marks(Transaction& tx, std::span<const OutcomeCommand> commands,
                  const std::vector<bool>& ours) {
  SqlInput marks({{"send_id", SqlType::Bytes}, {"number", SqlType::Integer}});
  for (std::size_t i = 0; i < commands.size(); ++i) {
    const bool given_back = !commands[i].outcome && !commands[i].verdict.is_final();
    if (ours[i] && given_back) marks.add({commands[i].ref.job.subject_id, commands[i].ref.attempt});
  }
  tx.query(
      "DELETE FROM delivery_attempts WHERE outcome = 'Pending' AND row_id IN ("
      "SELECT a.row_id FROM {input} AS i JOIN delivery_attempts a "
      "ON a.send_id = i.send_id AND a.number = i.number)",
      marks);
}

}  // namespace

std::vector<Result<ClaimAnswer>> ClaimDeliveries::apply(Transaction& tx,
                                                        std::span<const ClaimCommand> commands) {
  std::vector<Result<ClaimAnswer>> answers;
  answers.reserve(commands.size());
  for (const auto& command : commands) answers.emplace_back(claim(tx, command, ids_));
  return answers;
}

std::vector<Result<bool>> MarkDots::apply(Transaction& tx, std::span<const AttemptRef> commands) {
  const auto ours =
      held(tx, commands, [](const AttemptRef& ref) -> const AttemptRef& { return ref; });
  SqlInput rows({{"organization_id", SqlType::Bytes},
                 {"send_id", SqlType::Bytes},
                 {"number", SqlType::Integer},
                 {"instance_id", SqlType::Bytes},
                 {"started_at", SqlType::Integer}});
  for (std::size_t i = 0; i < commands.size(); ++i) {
    const AttemptRef& ref = commands[i];
    if (!ours[i]) continue;
    rows.add({ref.organization_id, ref.job.subject_id, ref.attempt, ref.job.lease.instance,
              ref.started_at});
  }
  tx.query(
      "INSERT INTO delivery_attempts (organization_id, send_id, number, instance_id, outcome, "
      "phase, peer, reply_code, reply_enhanced, reply_text, detail, refused_copies, started_at) "
      "SELECT i.organization_id, i.send_id, i.number, i.instance_id, 'Pending', 'DotWritten', "
      "'', 0, '', '', '', '[]', i.started_at FROM {input} AS i",
      rows);
  return {ours.begin(), ours.end()};
}

std::vector<Result<bool>> RecordOutcomes::apply(Transaction& tx,
                                                std::span<const OutcomeCommand> commands) {
  const auto ours = held(
      tx, commands, [](const OutcomeCommand& command) -> const AttemptRef& { return command.ref; });
  write_attempts(tx, commands, ours);
  forget_marks(tx, commands, ours);
  StatusUpdates updates;
  std::vector<HeldJob> finished;
  std::vector<RescheduledJob> rescheduled;
  for (std::size_t i = 0; i < commands.size(); ++i) {
    if (!ours[i]) continue;
    const auto& [ref, outcome, verdict] = commands[i];
    if (verdict.is_final()) {
      updates.add(ref.job.subject_id, verdict);
      finished.push_back(ref.job);
    } else {
      const int attempts = verdict.counts ? ref.attempt : ref.attempt - 1;
      rescheduled.push_back({ref.job, verdict.due_at, attempts, verdict.counts});
    }
  }
  updates.write(tx);
  finish_jobs(tx, finished);
  reschedule_jobs(tx, rescheduled);
  return {ours.begin(), ours.end()};
}

std::vector<Result<bool>> ClearAlone::apply(Transaction& tx, std::span<const HeldJob> commands) {
  const auto held = clear_alone(tx, commands);
  return {held.begin(), held.end()};
}

std::int64_t count_stranded_sends(Transaction& tx) {
  return tx
      .query(
          "SELECT count(*) FROM email_sends s LEFT JOIN "
          "(SELECT subject_id FROM jobs WHERE kind = $1) j ON j.subject_id = s.id "
          "WHERE s.row_id > (SELECT coalesce(max(row_id), 0) FROM email_sends) - $2 "
          "AND s.status IN ('Queued', 'Processing') AND j.subject_id IS NULL",
          {to_string(JobKind::Deliver), kStrandedScan})
      .at(0)[0]
      .integer();
}

std::int64_t count_unknown_attempts(Transaction& tx) {
  return tx.query("SELECT count(*) FROM delivery_attempts WHERE outcome = 'Unknown'")
      .at(0)[0]
      .integer();
}

}  // namespace segmentflow
