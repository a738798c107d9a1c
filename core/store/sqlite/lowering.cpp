#include "core/store/sqlite/lowering.hpp"

#include "core/store/placeholders.hpp"

namespace segmentflow::sqlite {

std::string lower_statement(std::string_view sql, const std::vector<SqlColumn>& columns) {
  std::string table = "(SELECT ";
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (i > 0) table += ", ";
    table += "@" + std::to_string(i + 1) + " AS " + std::string(columns.at(i).name);
  }
  table += ")";
  return replace_placeholders(
      sql, [&](std::string_view name) -> std::string { return name == "input" ? table : ""; });
}

}  // namespace segmentflow::sqlite
