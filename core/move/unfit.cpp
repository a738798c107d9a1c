#include "core/move/unfit.hpp"

#include <fmt/format.h>

#include "core/move/batches.hpp"
#include "schemas/describe/utf8.hpp"

namespace segmentflow {
namespace {

constexpr std::size_t kUuidBytes = 16;

// Why the value cannot be kept; "" when it can.
std::string_view unfit(const SqlValue& value) {
  const auto* text = std::get_if<std::string>(&value.variant());
  if (text == nullptr) return "";
  if (text->find('\0') != std::string::npos) return "holds a NUL character";
  return describe::is_valid_utf8(*text) ? "" : "holds bytes that are not UTF-8";
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
          const auto why = unfit(row[at]);
          if (why.empty()) continue;
          found.push_back(
              fmt::format("{}, {}: {}", name_of_row(table, row), table.described[at].name, why));
          if (found.size() == most) return found;
        }
      }
    }
  }
  return found;
}

}  // namespace segmentflow
