#include "core/move/unfit.hpp"

#include <fmt/format.h>

#include "core/move/batches.hpp"
#include "schemas/describe/utf8.hpp"

namespace segmentflow {
namespace {

constexpr std::size_t kUuidBytes = 16;

bool is_of(SqlType type, const SqlValue& value) {
  switch (type) {
    case SqlType::Integer:
      return std::holds_alternative<std::int64_t>(value.variant());
    case SqlType::Text:
      return std::holds_alternative<std::string>(value.variant());
    case SqlType::Bytes:
      return std::holds_alternative<Bytes>(value.variant());
  }
  return false;
}

// Why the value cannot be kept; "" when it can.
std::string_view unfit(SqlType type, const SqlValue& value) {
  if (value.is_null()) return "";
  if (!is_of(type, value)) return "is of another type than its column";
  if (type != SqlType::Text) return "";
  if (value.text().find('\0') != std::string::npos) return "holds a NUL character";
  return describe::is_valid_utf8(value.text()) ? "" : "holds bytes that are not UTF-8";
}

}  // namespace

std::string name_of_row(const Table& table, const SqlRow& row) {
  for (const char* column : {"id", "send_id"}) {
    const auto at = table.position(column);
    if (at == row.size()) continue;
    const auto* id = std::get_if<Bytes>(&row[at].variant());
    if (id != nullptr && id->value.size() == kUuidBytes) {
      return fmt::format("{} {} {}", table.name, column, row[at].uuid().to_string());
    }
  }
  return fmt::format("{} row_id {}", table.name, row.at(table.position("row_id")).integer());
}

std::vector<std::string> find_unfit(Database& source, const std::vector<Table>& tables,
                                    std::size_t most) {
  std::vector<std::string> found;
  for (const Table& table : tables) {
    Batches batches(source, table, 0);
    for (SqlRows rows = batches.next(); !rows.empty(); rows = batches.next()) {
      for (const SqlRow& row : rows) {
        for (std::size_t at = 0; at < row.size(); ++at) {
          const auto& column = table.described[at];
          const auto why = unfit(column.type, row[at]);
          if (why.empty()) continue;
          found.push_back(fmt::format("{}, {}: {}", name_of_row(table, row), column.name, why));
          if (found.size() == most) return found;
        }
      }
    }
  }
  return found;
}

}  // namespace segmentflow
