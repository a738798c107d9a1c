// A transaction on one SQLite connection. Includes sqlite3.h: for this folder only.
#pragma once

#include "core/store/database.hpp"
#include "core/store/sqlite/connection.hpp"

namespace segmentflow::sqlite {

class SqliteTransaction final : public Transaction {
 public:
  SqliteTransaction(Connection& connection, const Clock& clock)
      : connection_(connection), clock_(clock), changes_before_(connection.total_changes()) {}

  using Transaction::query;
  SqlRows query(std::string_view sql, std::span<const SqlValue> params) override;
  SqlRows query(std::string_view sql, const SqlInput& input,
                std::span<const SqlValue> params) override;
  std::int64_t changes() const override { return changes_; }
  std::int64_t rows_written() const override {
    return connection_.total_changes() - changes_before_;
  }
  Time now() override { return clock_.now(); }
  std::string identity() const override { return {}; }

  // True after a statement failed: the transaction must be rolled back.
  bool failed() const { return failed_; }

 private:
  void require_usable() const;
  void run(Statement& statement, std::span<const SqlValue> params,
           std::span<const SqlValue> input_row, SqlRows& rows);

  Connection& connection_;
  const Clock& clock_;
  std::int64_t changes_before_;
  std::int64_t changes_ = 0;
  bool failed_ = false;
};

}  // namespace segmentflow::sqlite
