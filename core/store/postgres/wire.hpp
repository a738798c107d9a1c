// Values on their way to the server and back.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/store/sql.hpp"

namespace segmentflow::postgres {

// A parameter in text form; nullopt is NULL. Throws StoreConstraint for a text with a NUL
// character, which PostgreSQL cannot hold.
std::optional<std::string> parameter_text(const SqlValue& value);

// Column `column` of the input's rows as a one-dimensional array in PostgreSQL's binary form
// (array_recv in its sources): a third of the bytes of the text form, and nothing to escape. Throws
// StoreDefect for a value of another type.
std::string binary_array(const SqlInput& input, std::size_t column);

// A field of a result in text form, by the OID of its type. Throws StoreDefect for types that the
// portable SQL has not.
SqlValue parse_field(std::string_view text, unsigned type_oid);

}  // namespace segmentflow::postgres
