#include "core/store/sql.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "core/store/database.hpp"

namespace segmentflow {
namespace {

bool fits(const SqlValue& value, SqlType type) {
  if (value.is_null()) return true;
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

}  // namespace

void SqlInput::add(SqlRow row) {
  if (row.size() != columns_.size()) {
    throw StoreDefect(
        fmt::format("an input row has {} values for {} columns", row.size(), columns_.size()));
  }
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (!fits(row[i], columns_[i].type)) {
      throw StoreDefect(
          fmt::format("input column {} has a value of another type", columns_[i].name));
    }
  }
  rows_.push_back(std::move(row));
}

Uuid SqlValue::uuid() const {
  const auto id = Uuid::from_bytes(bytes());
  if (!id) throw std::logic_error("a column read as an id does not hold sixteen bytes");
  return *id;
}

std::optional<std::string> SqlValue::optional_text() const {
  if (is_null()) return std::nullopt;
  return text();
}

std::optional<Uuid> SqlValue::optional_uuid() const {
  if (is_null()) return std::nullopt;
  return uuid();
}

std::optional<std::int64_t> SqlValue::optional_integer() const {
  if (is_null()) return std::nullopt;
  return integer();
}

}  // namespace segmentflow
