#include "core/store/sqlite/transaction.hpp"

namespace segmentflow::sqlite {
namespace {

const std::vector<SqlColumn> kNoColumns;

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
    run(statement, params, row, rows);
  }
  failed_ = false;
  return rows;
}

}  // namespace segmentflow::sqlite
