#include "core/store/postgres/lowering.hpp"

#include <fmt/format.h>

#include "core/store/database.hpp"
#include "core/store/placeholders.hpp"

namespace segmentflow::postgres {
namespace {

constexpr std::string_view kLock = "lock ";

std::string_view array_type(SqlType type) {
  switch (type) {
    case SqlType::Integer:
      return "bigint[]";
    case SqlType::Text:
      return "text[]";
    case SqlType::Bytes:
      return "bytea[]";
  }
  return "";
}

std::string input_table(const std::vector<SqlColumn>& columns, std::size_t params_count) {
  std::string arrays;
  std::string names;
  for (const SqlColumn& column : columns) {
    ++params_count;
    if (!arrays.empty()) arrays += ", ";
    if (!names.empty()) names += ", ";
    arrays += fmt::format("${}::{}", params_count, array_type(column.type));
    names += column.name;
  }
  return fmt::format("(SELECT * FROM unnest({}) AS u({}))", arrays, names);
}

}  // namespace

std::string lower_statement(std::string_view sql, const std::vector<SqlColumn>& columns,
                            std::size_t params_count, bool strict) {
  return replace_placeholders(sql, [&](std::string_view name) -> std::string {
    if (name == "input") return input_table(columns, params_count);
    if (name == "skip_locked") return strict ? "FOR UPDATE" : "FOR UPDATE SKIP LOCKED";
    if (name == "lock_shared") return "FOR KEY SHARE";
    if (name.starts_with(kLock)) return fmt::format("FOR UPDATE OF {}", name.substr(kLock.size()));
    throw StoreDefect(fmt::format("the portable SQL has no {{{}}}", name));
  });
}

}  // namespace segmentflow::postgres
