#include "core/move/batches.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace segmentflow {
namespace {

constexpr std::int64_t kBatchRows = 500;
// Contents can be large: after a batch beyond this the next has fewer rows.
constexpr std::int64_t kBatchBytes = 8'000'000;
constexpr std::int64_t kFirstBatchRows = 8;

std::int64_t bytes_of(const SqlRows& rows) {
  std::size_t bytes = 0;
  for (const SqlRow& row : rows) {
    for (const SqlValue& value : row) {
      if (const auto* text = std::get_if<std::string>(&value.variant())) bytes += text->size();
      if (const auto* binary = std::get_if<Bytes>(&value.variant())) bytes += binary->value.size();
    }
  }
  return static_cast<std::int64_t>(bytes);
}

// As many rows as would have stayed within kBatchBytes this time.
std::int64_t next_limit(const SqlRows& rows) {
  const auto count = static_cast<std::int64_t>(rows.size());
  const auto limit = count * kBatchBytes / std::max<std::int64_t>(bytes_of(rows), 1);
  return std::clamp<std::int64_t>(limit, 1, kBatchRows);
}

}  // namespace

void read_or_throw(Database& database, const std::function<void(Transaction&)>& work) {
  const auto read = database.read(work);
  if (!read) throw StoreUnavailable(read.error().message);
}

Batches::Batches(Database& source, const Table& table, std::int64_t after)
    : source_(source), table_(table), after_(after), limit_(kFirstBatchRows) {}

SqlRows Batches::next() {
  SqlRows rows;
  read_or_throw(source_, [&](Transaction& tx) {
    rows = tx.query(fmt::format("SELECT {} FROM {} WHERE row_id > $1 ORDER BY row_id LIMIT $2",
                                fmt::join(table_.column_names(), ", "), table_.name),
                    {after_, limit_});
  });
  if (rows.empty()) return rows;
  limit_ = next_limit(rows);
  after_ = rows.back().at(table_.position("row_id")).integer();
  return rows;
}

}  // namespace segmentflow
