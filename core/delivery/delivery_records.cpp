#include "core/delivery/delivery_records.hpp"

#include <fmt/format.h>

#include <map>
#include <set>

#include "core/delivery/attempts.hpp"
#include "core/delivery/status_updates.hpp"
#include "core/profiles/profiles.hpp"
#include "core/senders/senders.hpp"

namespace segmentflow {
namespace {

// The columns after those of the send in the claim's query.
enum ClaimColumn : std::size_t {
  kData,
  kProfile,
  kBrand,
  kKeptData,
  kKeptProfile,
  kCopiesSubject,
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
      "SELECT {}, c.data, c.profile, c.brand, c.kept_data, c.kept_profile, c.copies_subject, "
      "p.erased_at, x.reason, f.removed_at, d.status, g.policy, b.subscribed FROM {{input}} AS i "
      "JOIN email_sends s ON s.id = i.send_id "
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
  const bool for_copies = send.is_final();  // the primary recipient has its mail, wanted or not
  if (!for_copies && !at(kSuppression).is_null()) return skipped(SkippedReason::ProfileSuppressed);
  if (!for_copies && send.subscription_group_id && !at(kPolicy).is_null()) {
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
    return failed_at_deadline();
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
    if (send.is_final()) continue;  // for its copies
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

// A copy whose recipient was erased while it was under way is owed to nobody.
void end_erased(Delivery& delivery, std::vector<CopyUpdate>& erased) {
  std::erase_if(delivery.owed, [&](const OwedCopy& copy) {
    if (address_of(delivery.send, copy.ref) != nullptr) return false;
    CopyVerdict verdict;
    verdict.ref = copy.ref;
    verdict.status = SendStatus::Skipped;
    verdict.tries = copy.tries;
    erased.push_back({delivery.send.organization_id, delivery.send.id, delivery.attempt, verdict});
    return true;
  });
}

// A job whose send is Sent is there for its copies. One without any is done.
void take_copies(Transaction& tx, ClaimAnswer& answer) {
  std::map<Uuid, int> attempts;
  for (const Delivery& delivery : answer.deliveries) {
    if (delivery.send.is_final()) attempts.emplace(delivery.send.id, delivery.attempt);
  }
  if (attempts.empty()) return;
  auto taken = take_owed_copies(tx, attempts);
  std::vector<HeldJob> done;
  StatusUpdates settled;
  std::vector<CopyUpdate> erased;
  std::erase_if(answer.deliveries, [&](Delivery& delivery) {
    if (!delivery.send.is_final()) return false;
    delivery.owed = std::move(taken[delivery.send.id]);
    end_erased(delivery, erased);
    if (!delivery.owed.empty()) return false;
    done.push_back(delivery.job);
    settled.forget(delivery.send.id);
    return true;
  });
  write_copies(tx, erased);
  settled.write(tx);
  finish_jobs(tx, done);
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
  std::vector<std::pair<Uuid, Verdict>> ended;
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
      ended.emplace_back(delivery.send.id, std::move(*verdict));
      ended_jobs.push_back(claimed.job);
      continue;
    }
    delivery.job = claimed.job;
    delivery.attempt = claimed.attempts + 1;
    delivery.data_json = row[first + kData].text();
    delivery.profile_json = row[first + kProfile].text();
    delivery.brand_json = row[first + kBrand].optional_text();
    delivery.kept_data_json = row[first + kKeptData].optional_text();
    delivery.kept_profile_json = row[first + kKeptProfile].optional_text();
    if (auto subject = row[first + kCopiesSubject].optional_text())
      delivery.send.subject = *subject;
    answer.deliveries.push_back(std::move(delivery));
  }
  end_sends(tx, std::move(ended));
  finish_jobs(tx, ended_jobs);
  // An accept beside the erasure, which did not see its end, has written the address once more.
  forget_recipients(tx, erased);
  answer.ended = static_cast<int>(ended_jobs.size());
  begin_processing(tx, answer.deliveries, ids);
  take_copies(tx, answer);
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

// The due time is part of what fences a claim, so the next one is another.
Time other_time(Time due_at, const HeldJob& job) {
  return due_at == job.due_at ? due_at + 1 : due_at;
}

// The caller sees what becomes of visible copies, and only of those.
void touch_sends(Transaction& tx, const std::set<Uuid>& send_ids) {
  SqlInput sends({{"id", SqlType::Bytes}});
  for (const Uuid& id : send_ids) sends.add({id});
  tx.query("UPDATE email_sends SET updated_at = $1 FROM {input} AS i WHERE email_sends.id = i.id",
           sends, {tx.now()});
}

// Writes what became of copies. Which of the emails still owe some, and when.
std::map<Uuid, Time> record_copies(Transaction& tx, std::span<const OutcomeCommand> commands,
                                   const std::vector<bool>& ours) {
  std::vector<CopyUpdate> updates;
  std::vector<Uuid> sends;
  std::set<Uuid> seen_to_change;
  for (std::size_t i = 0; i < commands.size(); ++i) {
    if (!ours[i] || commands[i].copies.empty()) continue;
    const AttemptRef& ref = commands[i].ref;
    sends.push_back(ref.job.subject_id);
    for (const CopyVerdict& copy : commands[i].copies) {
      updates.push_back({ref.organization_id, ref.job.subject_id, ref.attempt, copy});
      if (copy.ref.list == CopyList::Cc) seen_to_change.insert(ref.job.subject_id);
    }
  }
  if (sends.empty()) return {};
  write_copies(tx, updates);
  touch_sends(tx, seen_to_change);
  return next_copies(tx, sends);
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
  std::vector<const AttemptRef*> marked;
  for (std::size_t i = 0; i < commands.size(); ++i) {
    if (ours[i]) marked.push_back(&commands[i]);
  }
  mark_attempts(tx, marked);
  return {ours.begin(), ours.end()};
}

std::vector<Result<bool>> RecordOutcomes::apply(Transaction& tx,
                                                std::span<const OutcomeCommand> commands) {
  const auto ours = held(
      tx, commands, [](const OutcomeCommand& command) -> const AttemptRef& { return command.ref; });
  write_attempts(tx, commands, ours);
  const auto owed = record_copies(tx, commands, ours);
  StatusUpdates updates;
  std::vector<HeldJob> finished;
  std::vector<RescheduledJob> rescheduled;
  for (std::size_t i = 0; i < commands.size(); ++i) {
    if (!ours[i]) continue;
    const auto& [ref, outcome, verdict, copies] = commands[i];
    const auto next = owed.find(ref.job.subject_id);
    if (verdict.is_final()) updates.add(ref.job.subject_id, verdict, next != owed.end());
    if (next != owed.end()) {
      rescheduled.push_back({ref.job, other_time(next->second, ref.job), ref.attempt, true});
    } else if (verdict.is_final()) {
      finished.push_back(ref.job);
    } else if (!copies.empty()) {
      updates.forget(ref.job.subject_id);
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
