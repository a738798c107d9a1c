// From the portable SQL of repositories and migrations to what SQLite 3.40 reads.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/store/sql.hpp"

namespace segmentflow::sqlite {

// Replaces `{skip_locked}` by nothing and `{input}` by a one-row sub-select over the parameters
// @1, @2 … (one per column; the statement runs once per row). `columns` is empty for a statement
// without an input.
std::string lower_statement(std::string_view sql, const std::vector<SqlColumn>& columns);

// Splits a migration into its statements and replaces the portable types. Tables become STRICT, so
// that SQLite refuses what PostgreSQL would refuse. Comments are dropped, quoted text is kept.
std::vector<std::string> lower_migration(std::string_view sql);

}  // namespace segmentflow::sqlite
