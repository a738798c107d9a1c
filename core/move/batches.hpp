// The rows of a table, in the order of their ids.
#pragma once

#include <cstdint>

#include "core/store/database.hpp"
#include "core/store/tables.hpp"

namespace segmentflow {

// Runs a read; throws StoreUnavailable when it could not be.
void read_or_throw(Database& database, const std::function<void(Transaction&)>& work);

// Reads a table in batches of bounded number and, from the second on, size.
class Batches {
 public:
  // Begins behind the row with the id `after`. Both arguments must outlive this.
  Batches(Database& source, const Table& table, std::int64_t after);
  SqlRows next();  // empty at the end; throws StoreUnavailable

 private:
  Database& source_;
  const Table& table_;
  std::int64_t after_;
  std::int64_t limit_;
};

}  // namespace segmentflow
