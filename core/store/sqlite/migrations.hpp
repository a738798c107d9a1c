// The schema's history in `schema_migrations`. Includes sqlite3.h: for this folder only.
#pragma once

#include "core/store/database.hpp"
#include "core/store/sqlite/connection.hpp"

namespace segmentflow::sqlite {

// Inside a write transaction: applies `migration` unless it is there already; refuses an edited
// one.
Result<void> apply_migration(Connection& connection, Transaction& tx, const Migration& migration);

// Inside a read transaction.
SchemaState schema_state(Transaction& tx, std::span<const Migration> migrations);

}  // namespace segmentflow::sqlite
