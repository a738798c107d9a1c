// The schema's history in the table `schema_migrations`, the same on every backend.
#pragma once

#include <functional>

#include "core/store/database.hpp"
#include "core/store/migration_text.hpp"

namespace segmentflow {

// Makes the table of the history; nothing when it is there.
std::string create_schema_history(const MigrationDialect& dialect);

// Inside a write transaction: applies `migration` unless it is there already; Conflict for an
// edited one. `run` executes one statement of it, which is not worth preparing.
Result<void> apply_migration(Transaction& tx, const Migration& migration,
                             const MigrationDialect& dialect,
                             const std::function<void(const std::string&)>& run);

// Where the table of the history exists.
SchemaState compare_history(Transaction& tx, std::span<const Migration> migrations);

// Conflict: what is said about a database that a newer binary has migrated.
Error newer_schema();

}  // namespace segmentflow
