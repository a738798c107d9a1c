#include "core/emails/retention.hpp"

#include "core/base/id.hpp"

namespace segmentflow {

std::int64_t purge_contents(Transaction& tx, Time before, int limit) {
  Uuid oldest_kept;
  const auto ms = static_cast<std::uint64_t>(before / 1000);
  for (std::size_t i = 0; i < 6; ++i) {
    oldest_kept.bytes.at(i) = static_cast<std::uint8_t>(ms >> (40 - 8 * i));
  }
  tx.query(
      "DELETE FROM email_contents WHERE row_id IN ("
      "SELECT c.row_id FROM email_contents c JOIN email_sends s ON s.id = c.send_id "
      "WHERE c.send_id < $1 AND s.status NOT IN ('Queued', 'Processing') "
      "ORDER BY c.send_id LIMIT $2)",
      {oldest_kept, limit});
  return tx.changes();
}

}  // namespace segmentflow
