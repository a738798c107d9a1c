#include "core/store/sql.hpp"

namespace segmentflow {

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
