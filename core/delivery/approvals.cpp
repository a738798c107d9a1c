#include "core/delivery/approvals.hpp"

#include <fmt/format.h>

#include "core/access/audit.hpp"
#include "core/delivery/delivery_records.hpp"
#include "core/emails/email_send.hpp"
#include "core/jobs/jobs.hpp"

namespace segmentflow {
namespace {

Error no_approval(const Uuid& id) {
  return {ErrorCode::NotFound,
          fmt::format("There is no approval {}. See segmentflow approvals list.", id.to_string())};
}

// A decision is in the audit log of the key whose emails it is about.
void note(Transaction& tx, const Uuid& id, std::string_view operation) {
  const auto rows =
      tx.query("SELECT organization_id, api_key_id FROM approvals WHERE id = $1", {id});
  const AuditEntry entry{rows.at(0)[0].uuid(),
                         rows.at(0)[1].uuid(),
                         tx.now(),
                         "cli",
                         std::string(operation),
                         "ok",
                         false,
                         "",
                         id.to_string()};
  write_audit(tx, {&entry, 1});
}

// From Pending to `state`.
Result<void> decide(Transaction& tx, const Uuid& id, std::string_view state) {
  tx.query("UPDATE approvals SET state = $1, decided_at = $2 WHERE id = $3 AND state = 'Pending'",
           {state, tx.now(), id});
  if (tx.changes() == 1) return {};
  const auto rows = tx.query("SELECT state FROM approvals WHERE id = $1", {id});
  if (rows.empty()) return tl::unexpected(no_approval(id));
  return fail(ErrorCode::Conflict,
              fmt::format("The approval {} is {} already.", id.to_string(), rows[0][0].text()));
}

}  // namespace

std::vector<Approval> list_approvals(Transaction& tx, bool only_pending, int limit) {
  const auto rows = tx.query(
      fmt::format(
          "SELECT a.id, o.name, k.name || CASE WHEN k.revoked_at IS NULL THEN '' ELSE ' (revoked)' "
          "END, a.state, a.created_at, "
          "(SELECT count(*) FROM email_sends c WHERE c.approval_id = a.id), "
          "s.to_email, s.subject, t.name FROM approvals a "
          "JOIN organizations o ON o.id = a.organization_id "
          "JOIN api_keys k ON k.id = a.api_key_id "
          "LEFT JOIN email_sends s ON s.row_id = "
          "(SELECT min(f.row_id) FROM email_sends f WHERE f.approval_id = a.id) "
          "LEFT JOIN templates t ON t.organization_id = s.organization_id AND t.id = s.template_id "
          "{} LIMIT $1",
          only_pending ? "WHERE a.state = 'Pending' ORDER BY a.row_id" : "ORDER BY a.row_id DESC"),
      {limit});
  std::vector<Approval> approvals;
  for (const auto& row : rows) {
    approvals.push_back({row[0].uuid(), row[1].text(), row[2].text(), row[3].text(),
                         row[4].integer(), row[5].integer(), row[6].optional_text().value_or(""),
                         row[7].optional_text().value_or(""), row[8].optional_text().value_or("")});
  }
  return approvals;
}

Result<std::vector<ApprovalEmail>> emails_of_approval(Transaction& tx, const Uuid& id) {
  static const std::string sql = fmt::format(
      "SELECT {}, t.name, c.data FROM email_sends s "
      "LEFT JOIN email_contents c ON c.send_id = s.id "
      "LEFT JOIN templates t ON t.organization_id = s.organization_id AND t.id = s.template_id "
      "WHERE s.approval_id = $1 ORDER BY s.row_id",
      email_send_columns());
  if (tx.query("SELECT 1 FROM approvals WHERE id = $1", {id}).empty()) {
    return tl::unexpected(no_approval(id));
  }
  std::vector<ApprovalEmail> emails;
  for (const auto& row : tx.query(sql, {id})) {
    EmailSend send = read_email_send(row, 0);
    emails.push_back({std::move(send.to_email), std::move(send.cc), std::move(send.bcc),
                      std::move(send.from), std::move(send.subject),
                      row[row.size() - 2].optional_text().value_or(""),
                      row.back().optional_text().value_or("")});
  }
  return emails;
}

std::int64_t count_waiting_approvals(Transaction& tx) {
  return tx.query("SELECT count(*) FROM approvals WHERE state = 'Pending'").at(0)[0].integer();
}

Result<std::int64_t> approve(Transaction& tx, const Uuid& id) {
  if (auto decided = decide(tx, id, "Approved"); !decided) {
    return tl::unexpected(decided.error());
  }
  tx.query(
      "UPDATE jobs SET due_at = $1 WHERE crashes = 0 AND due_at = $2 AND kind = $3 "
      "AND subject_id IN (SELECT s.id FROM email_sends s WHERE s.approval_id = $4)",
      {tx.now(), kUnapprovedDue, to_string(JobKind::Deliver), id});
  const auto emails = tx.changes();
  note(tx, id, "approvals.approve");
  return emails;
}

Result<std::int64_t> reject(Transaction& tx, const Uuid& id) {
  if (auto decided = decide(tx, id, "Rejected"); !decided) {
    return tl::unexpected(decided.error());
  }
  note(tx, id, "approvals.reject");
  return deny_unapproved_sends(tx, id);
}

}  // namespace segmentflow
