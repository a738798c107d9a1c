#include "core/jobs/provenance.hpp"

#include <fmt/format.h>

#include "core/jobs/jobs.hpp"

namespace segmentflow {

std::string recorded_identity(Transaction& tx) {
  const auto rows = tx.query("SELECT database_identity FROM installation");
  return rows.empty() ? "" : rows[0][0].optional_text().value_or("");
}

bool record_identity(Transaction& tx, const std::string& recorded, const std::string& current) {
  tx.query(
      "UPDATE installation SET database_identity = $1, updated_at = $2 "
      "WHERE coalesce(database_identity, '') = $3",
      {current, tx.now(), recorded});
  return tx.changes() == 1;
}

std::int64_t resume_queue(Transaction& tx) {
  const std::int64_t resumed = resume_jobs(tx);
  const std::string recorded = recorded_identity(tx);
  const std::string current = tx.identity();
  if (recorded.empty() || recorded == current) return resumed;
  record_identity(tx, recorded, current);
  return tx.query("SELECT count(*) FROM jobs").at(0)[0].integer();
}

Result<void> require_not_moved(Transaction& tx) {
  if (!tx.query("SELECT 1 FROM arriving_moves LIMIT 1").empty()) {
    return fail(ErrorCode::Conflict,
                "An installation is still being moved into this database. Run segmentflow migrate "
                "again, in the data folder that it comes from.");
  }
  const auto rows = tx.query("SELECT moved_to FROM installation");
  if (rows.empty() || rows[0][0].is_null()) return {};
  return fail(ErrorCode::Conflict,
              fmt::format("This installation was moved to {}. Set SEGMENTFLOW_DATABASE_URL to that "
                          "database; this one is retired, so that its queue is not sent twice.",
                          rows[0][0].text()));
}

bool has_open_move(Transaction& tx) {
  return !tx.query("SELECT 1 FROM installation WHERE move_token IS NOT NULL AND moved_to IS NULL")
              .empty();
}

void drop_open_move(Transaction& tx) {
  tx.query("UPDATE installation SET move_token = NULL WHERE moved_to IS NULL");
}

}  // namespace segmentflow
