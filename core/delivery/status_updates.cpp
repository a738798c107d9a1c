#include "core/delivery/status_updates.hpp"

namespace segmentflow {

void StatusUpdates::add(const Uuid& send_id, const Verdict& verdict) {
  const auto skipped_reason =
      verdict.skipped_reason ? SqlValue(to_string(*verdict.skipped_reason)) : SqlValue();
  const auto failure_reason =
      verdict.failure_reason ? SqlValue(to_string(*verdict.failure_reason)) : SqlValue();
  const auto failure_message =
      verdict.failure_reason ? SqlValue(verdict.failure_message) : SqlValue();
  input_.add({send_id, to_string(verdict.status), skipped_reason, failure_reason, failure_message,
              verdict.failure_reason == FailureReason::RenderFailed ||
                  verdict.failure_reason == FailureReason::RenderCrashed});
}

void StatusUpdates::write(Transaction& tx) {
  tx.query(
      "UPDATE email_sends SET status = i.status, skipped_reason = i.skipped_reason, "
      "failure_reason = i.failure_reason, failure_message = i.failure_message, "
      "message_id = CASE WHEN i.no_message = 1 THEN NULL ELSE message_id END, "
      "updated_at = $1 FROM {input} AS i WHERE email_sends.id = i.id",
      input_, {tx.now()});
  forget_sensitive(tx);
}

// A status that is written here is final: what was needed to try again is not any more.
void StatusUpdates::forget_sensitive(Transaction& tx) {
  SqlInput rows({{"send_id", SqlType::Bytes}, {"subject", SqlType::Text}});
  for (const auto& row :
       tx.query("SELECT c.send_id, c.kept_subject FROM {input} AS i JOIN email_contents c "
                "ON c.send_id = i.id WHERE c.kept_data IS NOT NULL OR c.kept_profile IS NOT NULL",
                input_)) {
    rows.add({row[0], row[1]});
  }
  tx.query(
      "UPDATE email_sends SET subject = i.subject FROM {input} AS i "
      "WHERE email_sends.id = i.send_id AND i.subject IS NOT NULL",
      rows);
  tx.query(
      "UPDATE email_contents SET data = coalesce(kept_data, data), kept_data = NULL, "
      "profile = coalesce(kept_profile, profile), kept_profile = NULL, kept_subject = NULL "
      "FROM {input} AS i WHERE email_contents.send_id = i.send_id",
      rows);
}

}  // namespace segmentflow
