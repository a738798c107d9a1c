#include "core/delivery/attempts.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "schemas/describe/json.hpp"

namespace segmentflow {
namespace {

using describe::Json;

constexpr std::string_view kCapturePeer = "capture";  // core/delivery/capture.hpp

constexpr std::string_view kOutcomeColumns =
    "a.outcome, a.phase, a.stage, a.peer, a.reply_code, a.reply_enhanced, a.reply_text, a.detail";
constexpr std::size_t kOutcomeColumnCount = 8;

MailOutcome read_outcome(const SqlRow& row, std::size_t first) {
  const auto at = [&](std::size_t i) -> const SqlValue& { return row.at(first + i); };
  MailOutcome outcome;
  const std::string& result = at(0).text();
  if (result == "Pending") {
    outcome.result = MailResult::Unknown;
    outcome.phase = MailPhase::DotWritten;
    outcome.detail = "The message is being handed over.";
    return outcome;
  }
  outcome.result = parse_result(result);
  outcome.phase = parse_phase(at(1).text());
  outcome.stage = parse_stage(at(2).text());
  outcome.peer = at(3).text();
  outcome.reply = {static_cast<int>(at(4).integer()), at(5).text(), at(6).text()};
  outcome.detail = at(7).text();
  return outcome;
}

// Which copies were refused, by their place among the email's: no address is repeated here.
std::string refused_to_json(const OutcomeCommand& command) {
  if (command.copies.empty()) return "[]";
  Json list = Json::array();
  for (const CopyVerdict& copy : command.copies) {
    if (copy.status == SendStatus::Sent) continue;
    list.push_back({{"copy", fmt::format("/{}/{}", to_string(copy.ref.list), copy.ref.place)},
                    {"code", copy.code},
                    {"text", copy.message}});
  }
  return describe::dump_json(list);
}

// An attempt that is given back came to nothing: no dot was written, whatever was marked.
void forget_marks(Transaction& tx, std::span<const OutcomeCommand> commands,
                  const std::vector<bool>& ours) {
  SqlInput marks({{"send_id", SqlType::Bytes}, {"number", SqlType::Integer}});
  for (std::size_t i = 0; i < commands.size(); ++i) {
    const bool given_back = !commands[i].verdict.counts && !commands[i].verdict.is_final();
    if (ours[i] && given_back) marks.add({commands[i].ref.job.subject_id, commands[i].ref.attempt});
  }
  tx.query(
      "DELETE FROM delivery_attempts WHERE outcome = 'Pending' AND row_id IN ("
      "SELECT a.row_id FROM {input} AS i JOIN delivery_attempts a "
      "ON a.send_id = i.send_id AND a.number = i.number)",
      marks);
}

SqlValue next_attempt_of(const Verdict& verdict) {
  if (verdict.is_final()) return {};
  return verdict.expected_at.value_or(verdict.due_at);
}

}  // namespace

void mark_attempts(Transaction& tx, const std::vector<const AttemptRef*>& refs) {
  SqlInput rows({{"organization_id", SqlType::Bytes},
                 {"send_id", SqlType::Bytes},
                 {"number", SqlType::Integer},
                 {"instance_id", SqlType::Bytes},
                 {"started_at", SqlType::Integer}});
  for (const AttemptRef* ref : refs) {
    rows.add({ref->organization_id, ref->job.subject_id, ref->attempt, ref->job.lease.instance,
              ref->started_at});
  }
  tx.query(
      "INSERT INTO delivery_attempts (organization_id, send_id, number, instance_id, outcome, "
      "phase, stage, peer, reply_code, reply_enhanced, reply_text, detail, refused_copies, "
      "started_at) SELECT i.organization_id, i.send_id, i.number, i.instance_id, 'Pending', "
      "'DotWritten', 'Dot', '', 0, '', '', '', '[]', i.started_at FROM {input} AS i",
      rows);
}

void write_attempts(Transaction& tx, std::span<const OutcomeCommand> commands,
                    const std::vector<bool>& ours) {
  forget_marks(tx, commands, ours);
  using enum SqlType;
  SqlInput rows({{"organization_id", Bytes},
                 {"send_id", Bytes},
                 {"number", Integer},
                 {"instance_id", Bytes},
                 {"outcome", Text},
                 {"phase", Text},
                 {"stage", Text},
                 {"peer", Text},
                 {"reply_code", Integer},
                 {"reply_enhanced", Text},
                 {"reply_text", Text},
                 {"detail", Text},
                 {"refused_copies", Text},
                 {"started_at", Integer},
                 {"next_attempt_at", Integer}});
  for (std::size_t i = 0; i < commands.size(); ++i) {
    if (!ours[i] || !commands[i].outcome) continue;
    const AttemptRef& ref = commands[i].ref;
    const MailOutcome& outcome = *commands[i].outcome;
    const int number = commands[i].verdict.counts ? ref.attempt : kNeverStartedNumber;
    rows.add({ref.organization_id, ref.job.subject_id, number, ref.job.lease.instance,
              to_string(outcome.result), to_string(outcome.phase), to_string(outcome.stage),
              outcome.peer, outcome.reply.code, outcome.reply.enhanced, outcome.reply.text,
              outcome.detail, refused_to_json(commands[i]), ref.started_at,
              next_attempt_of(commands[i].verdict)});
  }
  tx.query(
      "INSERT INTO delivery_attempts (organization_id, send_id, number, instance_id, outcome, "
      "phase, stage, peer, reply_code, reply_enhanced, reply_text, detail, refused_copies, "
      "started_at, next_attempt_at, finished_at) SELECT i.organization_id, i.send_id, i.number, "
      "i.instance_id, i.outcome, i.phase, i.stage, i.peer, i.reply_code, i.reply_enhanced, "
      "i.reply_text, i.detail, i.refused_copies, i.started_at, i.next_attempt_at, $1 "
      "FROM {input} AS i WHERE 1 = 1 "
      "ON CONFLICT (send_id, number) DO UPDATE SET outcome = excluded.outcome, "
      "phase = excluded.phase, stage = excluded.stage, peer = excluded.peer, "
      "reply_code = excluded.reply_code, reply_enhanced = excluded.reply_enhanced, "
      "reply_text = excluded.reply_text, detail = excluded.detail, "
      "refused_copies = excluded.refused_copies, next_attempt_at = excluded.next_attempt_at, "
      "tries = CASE WHEN delivery_attempts.finished_at IS NULL THEN delivery_attempts.tries "
      "ELSE delivery_attempts.tries + 1 END, finished_at = excluded.finished_at",
      rows, {tx.now()});
}

std::optional<LastAttempt> read_last_attempt(Transaction& tx, const EmailSend& send) {
  static const std::string sql = fmt::format(
      "SELECT {}, a.tries, coalesce(a.finished_at, a.started_at) AS ended_at, a.next_attempt_at "
      "FROM delivery_attempts a WHERE a.organization_id = $1 AND a.send_id = $2 "
      "ORDER BY ended_at DESC, a.number DESC",
      kOutcomeColumns);
  std::optional<LastAttempt> last;
  for (const auto& row : tx.query(sql, {send.organization_id, send.id})) {
    if (!last) {
      last.emplace();
      last->outcome = read_outcome(row, 0);
      last->at = row[kOutcomeColumnCount + 1].integer();
      last->next_at = row[kOutcomeColumnCount + 2].optional_integer();
    }
    last->attempts += row[kOutcomeColumnCount].integer();
  }
  return last;
}

bool was_captured(Transaction& tx, const EmailSend& send) {
  return !tx.query(
                "SELECT 1 FROM delivery_attempts WHERE organization_id = $1 AND send_id = $2 "
                "AND peer = $3 AND outcome = 'Accepted'",
                {send.organization_id, send.id, kCapturePeer})
              .empty();
}

std::map<Uuid, std::string> last_answers(Transaction& tx, const std::vector<Uuid>& send_ids) {
  static const std::string sql = fmt::format(
      "SELECT a.send_id, {} FROM {{input}} AS i JOIN delivery_attempts a "
      "ON a.send_id = i.send_id ORDER BY coalesce(a.finished_at, a.started_at)",
      kOutcomeColumns);
  SqlInput input({{"send_id", SqlType::Bytes}});
  for (const Uuid& id : send_ids) input.add({id});
  std::map<Uuid, std::string> answers;
  for (const auto& row : tx.query(sql, input)) {
    answers[row[0].uuid()] = describe_outcome(read_outcome(row, 1));
  }
  return answers;
}

}  // namespace segmentflow
