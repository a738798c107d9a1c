#include "core/delivery/copies.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/profiles/profiles.hpp"

namespace segmentflow {
namespace {

constexpr std::string_view kOwed = "Processing";

CopyVerdict verdict_of(const OwedCopy& owed, const std::string& peer, const MailReply& reply,
                       const std::string& otherwise) {
  CopyVerdict verdict;
  verdict.ref = owed.ref;
  verdict.code = reply.code;
  verdict.enhanced = reply.enhanced;
  verdict.message = reply.code == 0 ? otherwise : describe_refusal(peer, reply);
  verdict.tries = owed.tries;
  return verdict;
}

CopyVerdict failed_copy(CopyVerdict verdict, FailureReason reason) {
  verdict.status = SendStatus::Failed;
  verdict.failure_reason = reason;
  return verdict;
}

// By the schedule; or, when there is no time left, failed.
CopyVerdict later(CopyVerdict verdict, const CopyJudge& judge, FailureReason when_over) {
  ++verdict.tries;
  const auto next = next_attempt(verdict.tries, schedule_start(judge.send, judge.policy), judge.now,
                                 judge.random(), judge.policy);
  if (!next || *next > judge.send.deadline_at) return failed_copy(std::move(verdict), when_over);
  verdict.status = SendStatus::Processing;
  verdict.next_attempt_at = *next;
  return verdict;
}

// `others_taken`: the transaction carried somebody, so that the next one gets on.
CopyVerdict judge_refusal(const RefusedCopy& copy, const OwedCopy& owed, const MailOutcome& outcome,
                          bool others_taken, const CopyJudge& judge) {
  // Without a code its text is ours: what keeps the address from being said to the relay.
  CopyVerdict verdict = verdict_of(owed, outcome.peer, copy.reply,
                                   copy.reply.text.empty() ? outcome.detail : copy.reply.text);
  if (copy.in_another_transaction && others_taken) {
    verdict.status = SendStatus::Processing;
    verdict.next_attempt_at = judge.now;
    return verdict;
  }
  if (copy.try_again || copy.in_another_transaction) {
    return later(std::move(verdict), judge, FailureReason::ProviderUnavailable);
  }
  return failed_copy(std::move(verdict), FailureReason::ProviderRejected);
}

// Of a copy that was not refused for itself.
CopyVerdict judge_with_all(const OwedCopy& owed, const MailOutcome& outcome,
                           const CopyJudge& judge) {
  CopyVerdict verdict = verdict_of(owed, outcome.peer, outcome.reply, outcome.detail);
  switch (outcome.result) {
    case MailResult::Accepted:
      return verdict;
    case MailResult::Rejected:
      return failed_copy(std::move(verdict), FailureReason::ProviderRejected);
    case MailResult::Unknown:
      return judge.send.at_most_once
                 ? failed_copy(std::move(verdict), FailureReason::OutcomeUnknown)
                 : later(std::move(verdict), judge, FailureReason::OutcomeUnknown);
    case MailResult::Deferred:
      break;
  }
  return later(std::move(verdict), judge, FailureReason::ProviderUnavailable);
}

CopyList parse_list(const std::string& name) {
  return name == to_string(CopyList::Cc) ? CopyList::Cc : CopyList::Bcc;
}

OwedCopy read_owed(const SqlRow& row, std::size_t first) {
  return {{parse_list(row.at(first).text()), static_cast<int>(row.at(first + 1).integer())},
          static_cast<int>(row.at(first + 2).integer())};
}

SqlInput input_of(const std::vector<Uuid>& send_ids) {
  SqlInput input({{"send_id", SqlType::Bytes}});
  for (const Uuid& id : send_ids) input.add({id});
  return input;
}

}  // namespace

std::string_view to_string(CopyList list) {
  return list == CopyList::Cc ? "cc" : "bcc";
}

std::optional<CopyRef> find_copy(const EmailSend& send, const std::string& recipient) {
  const std::string key = Address{recipient, std::nullopt}.key();
  for (const auto list : {CopyList::Cc, CopyList::Bcc}) {
    const auto& addresses = list == CopyList::Cc ? send.cc : send.bcc;
    const auto found = std::find_if(addresses.begin(), addresses.end(),
                                    [&](const Address& address) { return address.key() == key; });
    if (found != addresses.end()) {
      return CopyRef{list, static_cast<int>(found - addresses.begin())};
    }
  }
  return std::nullopt;
}

const Address* address_of(const EmailSend& send, const CopyRef& ref) {
  const auto& addresses = ref.list == CopyList::Cc ? send.cc : send.bcc;
  const auto place = static_cast<std::size_t>(ref.place);
  if (place >= addresses.size() || stands_for_erased(addresses[place])) return nullptr;
  return &addresses[place];
}

std::vector<CopyVerdict> judge_refused(const MailOutcome& outcome, const CopyJudge& judge) {
  std::vector<CopyVerdict> verdicts;
  if (outcome.result != MailResult::Accepted) return verdicts;
  for (const RefusedCopy& copy : outcome.refused_copies) {
    const auto ref = find_copy(judge.send, copy.recipient);
    if (ref) verdicts.push_back(judge_refusal(copy, {*ref, 0}, outcome, true, judge));
  }
  return verdicts;
}

std::vector<CopyVerdict> judge_owed(const MailOutcome& outcome, const std::vector<OwedCopy>& owed,
                                    const CopyJudge& judge) {
  std::map<CopyRef, const RefusedCopy*> refused;
  for (const RefusedCopy& copy : outcome.refused_copies) {
    if (const auto ref = find_copy(judge.send, copy.recipient)) refused[*ref] = &copy;
  }
  const bool some_taken = outcome.result == MailResult::Accepted && refused.size() < owed.size();
  std::vector<CopyVerdict> verdicts;
  for (const OwedCopy& copy : owed) {
    const auto found = refused.find(copy.ref);
    verdicts.push_back(found == refused.end()
                           ? judge_with_all(copy, outcome, judge)
                           : judge_refusal(*found->second, copy, outcome, some_taken, judge));
  }
  return verdicts;
}

std::vector<CopyVerdict> fail_owed(const std::vector<OwedCopy>& owed, FailureReason reason,
                                   const std::string& message) {
  std::vector<CopyVerdict> verdicts;
  for (const OwedCopy& copy : owed) {
    verdicts.push_back(failed_copy(verdict_of(copy, "", {}, message), reason));
  }
  return verdicts;
}

void write_copies(Transaction& tx, const std::vector<CopyUpdate>& updates) {
  if (updates.empty()) return;
  using enum SqlType;
  SqlInput rows({{"organization_id", Bytes},
                 {"send_id", Bytes},
                 {"list", Text},
                 {"place", Integer},
                 {"status", Text},
                 {"failure_reason", Text},
                 {"reply_code", Integer},
                 {"reply_enhanced", Text},
                 {"message", Text},
                 {"tries", Integer},
                 {"attempt", Integer},
                 {"next_attempt_at", Integer}});
  for (const auto& [organization_id, send_id, attempt, verdict] : updates) {
    const bool is_owed = verdict.status == SendStatus::Processing;
    rows.add({organization_id, send_id, to_string(verdict.ref.list), verdict.ref.place,
              to_string(verdict.status),
              verdict.failure_reason ? SqlValue(to_string(*verdict.failure_reason)) : SqlValue(),
              verdict.code, verdict.enhanced, verdict.message, verdict.tries, attempt,
              is_owed ? SqlValue(verdict.next_attempt_at) : SqlValue()});
  }
  tx.query(
      "INSERT INTO delivery_copies (organization_id, send_id, list, place, status, "
      "failure_reason, reply_code, reply_enhanced, message, tries, attempt, next_attempt_at, "
      "updated_at) SELECT i.organization_id, i.send_id, i.list, i.place, i.status, "
      "i.failure_reason, i.reply_code, i.reply_enhanced, i.message, i.tries, i.attempt, "
      "i.next_attempt_at, $1 FROM {input} AS i WHERE 1 = 1 ON CONFLICT (send_id, list, place) "
      "DO UPDATE SET status = excluded.status, failure_reason = excluded.failure_reason, "
      "reply_code = excluded.reply_code, reply_enhanced = excluded.reply_enhanced, "
      "message = excluded.message, tries = excluded.tries, attempt = excluded.attempt, "
      "next_attempt_at = excluded.next_attempt_at, updated_at = excluded.updated_at",
      rows, {tx.now()});
}

std::map<Uuid, Time> next_copies(Transaction& tx, const std::vector<Uuid>& send_ids) {
  std::map<Uuid, Time> next;
  if (send_ids.empty()) return next;
  for (const auto& row :
       tx.query("SELECT c.send_id, min(c.next_attempt_at) FROM {input} AS i "
                "JOIN delivery_copies c ON c.send_id = i.send_id AND c.status = 'Processing' "
                "GROUP BY c.send_id",
                input_of(send_ids))) {
    next.emplace(row[0].uuid(), row[1].integer());
  }
  return next;
}

std::map<Uuid, std::vector<OwedCopy>> take_owed_copies(Transaction& tx,
                                                       const std::map<Uuid, int>& attempts) {
  std::map<Uuid, std::vector<OwedCopy>> taken;
  if (attempts.empty()) return taken;
  std::vector<Uuid> ids;
  for (const auto& [id, attempt] : attempts) ids.push_back(id);
  std::map<Uuid, std::vector<std::pair<OwedCopy, Time>>> owed;
  for (const auto& row :
       tx.query("SELECT c.send_id, c.list, c.place, c.tries, c.next_attempt_at FROM {input} AS i "
                "JOIN delivery_copies c ON c.send_id = i.send_id AND c.status = 'Processing'",
                input_of(ids))) {
    owed[row[0].uuid()].emplace_back(read_owed(row, 1), row[4].integer());
  }
  SqlInput rows({{"send_id", SqlType::Bytes},
                 {"list", SqlType::Text},
                 {"place", SqlType::Integer},
                 {"attempt", SqlType::Integer}});
  for (auto& [id, copies] : owed) {
    const auto is_due = [&](const auto& each) { return each.second <= tx.now(); };
    const bool none_is_due = std::none_of(copies.begin(), copies.end(), is_due);
    for (const auto& each : copies) {
      if (!none_is_due && !is_due(each)) continue;
      const CopyRef& ref = each.first.ref;
      taken[id].push_back(each.first);
      rows.add({id, to_string(ref.list), ref.place, attempts.at(id)});
    }
  }
  tx.query(
      "UPDATE delivery_copies SET attempt = i.attempt FROM {input} AS i "
      "WHERE delivery_copies.send_id = i.send_id AND delivery_copies.list = i.list "
      "AND delivery_copies.place = i.place",
      rows);
  return taken;
}

std::vector<OwedCopy> copies_of_attempt(Transaction& tx, const Uuid& send_id, int attempt) {
  std::vector<OwedCopy> copies;
  for (const auto& row : tx.query("SELECT list, place, tries FROM delivery_copies "
                                  "WHERE send_id = $1 AND attempt = $2 AND status = $3",
                                  {send_id, attempt, kOwed})) {
    copies.push_back(read_owed(row, 0));
  }
  return copies;
}

void end_copies(Transaction& tx, const SqlInput& ended) {
  tx.query(
      "UPDATE delivery_copies SET status = i.status, failure_reason = i.failure_reason, "
      "message = CASE WHEN message = '' THEN coalesce(i.failure_message, '') ELSE message END, "
      "next_attempt_at = NULL, updated_at = $1 FROM {input} AS i "
      "WHERE delivery_copies.send_id = i.id AND delivery_copies.status = 'Processing'",
      ended, {tx.now()});
}

std::map<CopyRef, CopyVerdict> read_copies(Transaction& tx, const EmailSend& send) {
  std::map<CopyRef, CopyVerdict> copies;
  for (const auto& row :
       tx.query("SELECT list, place, tries, status, failure_reason, reply_code, reply_enhanced, "
                "message, next_attempt_at FROM delivery_copies "
                "WHERE organization_id = $1 AND send_id = $2",
                {send.organization_id, send.id})) {
    CopyVerdict copy;
    const OwedCopy owed = read_owed(row, 0);
    copy.ref = owed.ref;
    copy.tries = owed.tries;
    copy.status = parse_send_status(row[3].text());
    copy.failure_reason = parse_failure_reason(row[4]);
    copy.code = static_cast<int>(row[5].integer());
    copy.enhanced = row[6].text();
    copy.message = row[7].text();
    copy.next_attempt_at = row[8].optional_integer().value_or(0);
    copies.emplace(copy.ref, std::move(copy));
  }
  return copies;
}

std::int64_t count_owed_copies(Transaction& tx) {
  return tx.query("SELECT count(*) FROM delivery_copies WHERE status = 'Processing'")
      .at(0)[0]
      .integer();
}

std::int64_t count_stranded_copies(Transaction& tx) {
  return tx
      .query(
          "SELECT count(*) FROM delivery_copies c LEFT JOIN (SELECT DISTINCT subject_id FROM jobs) "
          "j ON j.subject_id = c.send_id WHERE c.status = 'Processing' AND j.subject_id IS NULL")
      .at(0)[0]
      .integer();
}

}  // namespace segmentflow
