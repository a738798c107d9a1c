#include "core/delivery/status_updates.hpp"

#include "core/delivery/attempts.hpp"
#include "core/delivery/copies.hpp"

namespace segmentflow {

Verdict failed_at_deadline() {
  return failed(FailureReason::ProviderUnavailable, "The deadline of the send has passed.");
}

void end_sends(Transaction& tx, std::vector<std::pair<Uuid, Verdict>> ended) {
  std::vector<Uuid> late;
  for (const auto& [id, verdict] : ended) {
    if (verdict.failure_reason == FailureReason::ProviderUnavailable) late.push_back(id);
  }
  const auto answers = last_answers(tx, late);
  StatusUpdates updates;
  for (auto& [id, verdict] : ended) {
    if (const auto found = answers.find(id); found != answers.end()) {
      verdict.failure_message += " The last attempt: " + found->second;
    }
    updates.add(id, verdict);
  }
  updates.write(tx);
}

SqlInput StatusUpdates::columns() {
  return SqlInput({{"id", SqlType::Bytes},
                   {"status", SqlType::Text},
                   {"skipped_reason", SqlType::Text},
                   {"failure_reason", SqlType::Text},
                   {"failure_message", SqlType::Text},
                   {"no_message", SqlType::Integer}});
}

void StatusUpdates::add(const Uuid& send_id, const Verdict& verdict, bool keeps_content) {
  const auto skipped_reason =
      verdict.skipped_reason ? SqlValue(to_string(*verdict.skipped_reason)) : SqlValue();
  const auto failure_reason =
      verdict.failure_reason ? SqlValue(to_string(*verdict.failure_reason)) : SqlValue();
  const auto failure_message =
      verdict.failure_reason ? SqlValue(verdict.failure_message) : SqlValue();
  input_.add({send_id, to_string(verdict.status), skipped_reason, failure_reason, failure_message,
              verdict.failure_reason == FailureReason::RenderFailed ||
                  verdict.failure_reason == FailureReason::RenderCrashed});
  if (verdict.status != SendStatus::Sent) ended_.add(input_.rows().back());
  (keeps_content ? keeping_ : forgetting_).add({send_id});
}

// Where rendering failed no Message came to be.
void StatusUpdates::write(Transaction& tx) {
  tx.query(
      "UPDATE email_sends SET status = i.status, skipped_reason = i.skipped_reason, "
      "failure_reason = i.failure_reason, failure_message = i.failure_message, "
      "message_id = CASE WHEN i.no_message = 1 THEN NULL ELSE message_id END, "
      "updated_at = $1 FROM {input} AS i WHERE email_sends.id = i.id "
      "AND email_sends.status IN ('Queued', 'Processing')",
      input_, {tx.now()});
  if (!ended_.empty()) end_copies(tx, ended_);
  if (!keeping_.empty()) show_kept_subjects(tx);
  forget_sensitive(tx);
}

// While copies are owed nothing of the send shows it: its subject is what it will be, and the one
// that they are rendered with is beside the content.
void StatusUpdates::show_kept_subjects(Transaction& tx) {
  tx.query(
      "UPDATE email_contents SET copies_subject = s.subject FROM {input} AS i "
      "JOIN email_sends s ON s.id = i.send_id WHERE email_contents.send_id = i.send_id",
      keeping_);
  tx.query(
      "UPDATE email_sends SET subject = c.kept_subject FROM {input} AS i "
      "JOIN email_contents c ON c.send_id = i.send_id "
      "WHERE email_sends.id = i.send_id AND c.kept_subject IS NOT NULL",
      keeping_);
  tx.query(
      "UPDATE email_contents SET kept_subject = NULL FROM {input} AS i "
      "WHERE email_contents.send_id = i.send_id AND kept_subject IS NOT NULL",
      keeping_);
}

// What was needed to try again is not any more.
void StatusUpdates::forget_sensitive(Transaction& tx) {
  SqlInput rows({{"send_id", SqlType::Bytes}, {"subject", SqlType::Text}});
  for (const auto& row : tx.query("SELECT c.send_id, c.kept_subject FROM {input} AS i "
                                  "JOIN email_contents c ON c.send_id = i.send_id "
                                  "WHERE c.kept_data IS NOT NULL OR c.kept_profile IS NOT NULL "
                                  "OR c.copies_subject IS NOT NULL",
                                  forgetting_)) {
    rows.add({row[0], row[1]});
  }
  tx.query(
      "UPDATE email_sends SET subject = i.subject FROM {input} AS i "
      "WHERE email_sends.id = i.send_id AND i.subject IS NOT NULL",
      rows);
  tx.query(
      "UPDATE email_contents SET data = coalesce(kept_data, data), kept_data = NULL, "
      "profile = coalesce(kept_profile, profile), kept_profile = NULL, kept_subject = NULL, "
      "copies_subject = NULL FROM {input} AS i WHERE email_contents.send_id = i.send_id",
      rows);
}

}  // namespace segmentflow
