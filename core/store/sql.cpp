#include "core/store/sql.hpp"

#include <stdexcept>

namespace segmentflow {

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
