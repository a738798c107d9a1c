#include "core/store/sqlite/transaction.hpp"

#include <fmt/format.h>

namespace segmentflow::sqlite {
namespace {

const std::vector<SqlColumn> kNoColumns;

bool fits(const SqlValue& value, SqlType type) {
  if (value.is_null()) return true;
  switch (type) {
    case SqlType::Integer:
      return std::holds_alternative<std::int64_t>(value.variant());
    case SqlType::Text:
      return std::holds_alternative<std::string>(value.variant());
    case SqlType::Bytes:
      return std::holds_alternative<Bytes>(value.variant());
  }
  return false;
}

// SQLite would take any value; PostgreSQL's arrays have one type per column.
void require_row_fits(const SqlRow& row, const std::vector<SqlColumn>& columns) {
  if (row.size() != columns.size()) {
    throw StoreDefect(
        fmt::format("an input row has {} values for {} columns", row.size(), columns.size()));
  }
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (!fits(row[i], columns[i].type)) {
      throw StoreDefect(
          fmt::format("input column {} has a value of another type", columns[i].name));
    }
  }
}

}  // namespace

void SqliteTransaction::require_usable() const {
  if (failed_) throw StoreDefect("a statement after one that failed in the same transaction");
  if (!connection_.in_transaction()) {
    throw StoreUnavailable("SQLite rolled the transaction back by itself");
  }
}

void SqliteTransaction::run(Statement& statement, std::span<const SqlValue> params,
                            std::span<const SqlValue> input_row, SqlRows& rows) {
  const std::int64_t before = connection_.total_changes();
  statement.run(params, input_row, rows);
  // last_changes() keeps its value across statements that change nothing.
  if (connection_.total_changes() != before) changes_ += connection_.last_changes();
}

SqlRows SqliteTransaction::query(std::string_view sql, std::span<const SqlValue> params) {
  require_usable();
  changes_ = 0;
  SqlRows rows;
  failed_ = true;
  run(connection_.statement(sql, kNoColumns), params, {}, rows);
  failed_ = false;
  return rows;
}

SqlRows SqliteTransaction::query(std::string_view sql, const SqlInput& input,
                                 std::span<const SqlValue> params) {
  require_usable();
  changes_ = 0;
  SqlRows rows;
  if (input.empty()) return rows;
  failed_ = true;
  Statement& statement = connection_.statement(sql, input.columns());
  for (const SqlRow& row : input.rows()) {
    require_row_fits(row, input.columns());
    run(statement, params, row, rows);
  }
  failed_ = false;
  return rows;
}

}  // namespace segmentflow::sqlite
