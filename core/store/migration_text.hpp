// From the portable text of a migration to the statements of one backend.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace segmentflow {

// What a backend writes for the portable types, and after the column list of a table.
struct MigrationDialect {
  std::string_view integer_id;
  std::string_view bigint;
  std::string_view text;
  std::string_view bytes;
  std::string_view table_suffix;
};

// Splits a migration into its statements and replaces the portable types INTEGER_ID, BIGINT, TEXT
// and BYTES. Comments are dropped, quoted text is kept.
std::vector<std::string> migration_statements(std::string_view sql,
                                              const MigrationDialect& dialect);

}  // namespace segmentflow
