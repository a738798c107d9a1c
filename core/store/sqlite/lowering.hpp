// From the portable SQL of repositories and migrations to what SQLite 3.40 reads.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/store/migration_text.hpp"
#include "core/store/sql.hpp"

namespace segmentflow::sqlite {

// Replaces the row locks by nothing (there is one writer) and `{input}` by a one-row sub-select
// over the parameters @1, @2 … (one per column; the statement runs once per row). `columns` is
// empty for a statement without an input.
std::string lower_statement(std::string_view sql, const std::vector<SqlColumn>& columns);

// Tables become STRICT, so that SQLite refuses what PostgreSQL would refuse.
inline constexpr MigrationDialect kDialect{"INTEGER PRIMARY KEY", "INTEGER", "TEXT", "BLOB",
                                           " STRICT"};

}  // namespace segmentflow::sqlite
