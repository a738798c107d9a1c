#include "core/jobs/provenance.hpp"

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

}  // namespace segmentflow
