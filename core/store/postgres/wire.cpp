#include "core/store/postgres/wire.hpp"

#include <fmt/format.h>

#include <charconv>

#include "core/base/secret.hpp"
#include "core/store/database.hpp"

namespace segmentflow::postgres {
namespace {

// OIDs of pg_type.dat.
constexpr unsigned kBool = 16;
constexpr unsigned kBytea = 17;
constexpr unsigned kName = 19;
constexpr unsigned kInt8 = 20;
constexpr unsigned kInt2 = 21;
constexpr unsigned kInt4 = 23;
constexpr unsigned kText = 25;
constexpr unsigned kOid = 26;
constexpr unsigned kUnknown = 705;
constexpr unsigned kVarchar = 1043;

constexpr std::string_view kHexPrefix = "\\x";

unsigned nibble(char digit) {
  return static_cast<unsigned>(digit <= '9' ? digit - '0' : digit - 'a' + 10);
}

// bytea_output is hex in every session of ours.
Bytes from_hex(std::string_view text) {
  text.remove_prefix(kHexPrefix.size());
  Bytes bytes;
  bytes.value.resize(text.size() / 2);
  for (std::size_t i = 0; i < bytes.value.size(); ++i) {
    bytes.value[i] = static_cast<char>(nibble(text[2 * i]) << 4 | nibble(text[2 * i + 1]));
  }
  return bytes;
}

std::int64_t to_integer(std::string_view text) {
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

template <class Integer>
void append_big_endian(std::string& out, Integer value) {
  for (int shift = 8 * (static_cast<int>(sizeof value) - 1); shift >= 0; shift -= 8) {
    out += static_cast<char>(value >> shift & 0xff);
  }
}

void append_field(std::string& out, std::string_view bytes) {
  append_big_endian(out, static_cast<std::int32_t>(bytes.size()));
  out += bytes;
}

unsigned element_oid(SqlType type) {
  switch (type) {
    case SqlType::Integer:
      return kInt8;
    case SqlType::Text:
      return kText;
    case SqlType::Bytes:
      return kBytea;
  }
  return 0;
}

void append_value(std::string& out, const SqlValue& value, const SqlColumn& column) {
  if (value.is_null()) {
    append_big_endian(out, std::int32_t{-1});
    return;
  }
  switch (column.type) {
    case SqlType::Integer:
      append_big_endian(out, static_cast<std::int32_t>(sizeof(std::int64_t)));
      append_big_endian(out, value.integer());
      return;
    case SqlType::Text:
      return append_field(out, value.text());
    case SqlType::Bytes:
      return append_field(out, value.bytes());
  }
}

}  // namespace

std::optional<std::string> parameter_text(const SqlValue& value) {
  struct Writer {
    std::optional<std::string> operator()(std::monostate) const { return std::nullopt; }
    std::optional<std::string> operator()(std::int64_t v) const { return std::to_string(v); }
    std::optional<std::string> operator()(const std::string& v) const {
      if (v.find('\0') != std::string::npos) {
        throw StoreConstraint("PostgreSQL cannot hold a text with a NUL character");
      }
      return v;
    }
    std::optional<std::string> operator()(const Bytes& v) const {
      return std::string(kHexPrefix) + to_hex(v.value);
    }
  };
  return std::visit(Writer{}, value.variant());
}

std::string binary_array(const SqlInput& input, std::size_t column) {
  const SqlColumn& described = input.columns()[column];
  std::string out;
  append_big_endian(out, std::int32_t{1});  // dimensions
  append_big_endian(out, std::int32_t{1});  // there may be NULLs
  append_big_endian(out, element_oid(described.type));
  append_big_endian(out, static_cast<std::int32_t>(input.rows().size()));
  append_big_endian(out, std::int32_t{1});  // the first index
  for (const SqlRow& row : input.rows()) append_value(out, row[column], described);
  return out;
}

SqlValue parse_field(std::string_view text, unsigned type_oid) {
  switch (type_oid) {
    case kInt2:
    case kInt4:
    case kInt8:
    case kOid:
      return to_integer(text);
    case kBool:
      return text == "t";
    case kBytea:
      return from_hex(text);
    case kText:
    case kVarchar:
    case kName:
    case kUnknown:
      return text;
    default:
      throw StoreDefect(
          fmt::format("a statement gives a value of the type with OID {}, which the portable SQL "
                      "has not",
                      type_oid));
  }
}

}  // namespace segmentflow::postgres
