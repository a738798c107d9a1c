#include "core/store/postgres/transaction.hpp"

namespace segmentflow::postgres {

SqlRows PostgresTransaction::run(std::string_view sql, const SqlInput* input,
                                 std::span<const SqlValue> params) {
  if (failed_) throw StoreDefect("a statement after one that failed in the same transaction");
  failed_ = true;
  Connection::Answer answer = connection_.run(sql, input, params);
  failed_ = false;
  changes_ = answer.changes;
  rows_written_ += changes_;
  return std::move(answer.rows);
}

SqlRows PostgresTransaction::query(std::string_view sql, std::span<const SqlValue> params) {
  return run(sql, nullptr, params);
}

SqlRows PostgresTransaction::query(std::string_view sql, const SqlInput& input,
                                   std::span<const SqlValue> params) {
  changes_ = 0;
  if (input.empty()) return {};
  return run(sql, &input, params);
}

}  // namespace segmentflow::postgres
