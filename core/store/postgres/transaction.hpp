// A transaction on one PostgreSQL session.
#pragma once

#include "core/store/database.hpp"
#include "core/store/postgres/connection.hpp"

namespace segmentflow::postgres {

class PostgresTransaction final : public Transaction {
 public:
  // In a transaction that `connection` has begun at `now`.
  PostgresTransaction(Connection& connection, Time now) : connection_(connection), now_(now) {}

  using Transaction::query;
  SqlRows query(std::string_view sql, std::span<const SqlValue> params) override;
  SqlRows query(std::string_view sql, const SqlInput& input,
                std::span<const SqlValue> params) override;
  std::int64_t changes() const override { return changes_; }
  std::int64_t rows_written() const override { return rows_written_; }
  Time now() override { return now_; }
  std::string identity() const override { return connection_.identity(); }

  // True after a statement failed: the transaction must be rolled back.
  bool failed() const { return failed_; }

 private:
  SqlRows run(std::string_view sql, const SqlInput* input, std::span<const SqlValue> params);

  Connection& connection_;
  const Time now_;
  std::int64_t changes_ = 0;
  std::int64_t rows_written_ = 0;
  bool failed_ = false;
};

}  // namespace segmentflow::postgres
