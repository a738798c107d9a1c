#include "mcp/header_value.hpp"

#include "mcp/base64.hpp"

namespace mcp {
namespace {

constexpr std::string_view base64_start = "=?base64?";
constexpr std::string_view base64_end = "?=";

}  // namespace

std::optional<std::string> decode_header_value(std::string_view value) {
  const bool is_encoded = value.starts_with(base64_start) && value.ends_with(base64_end) &&
                          value.size() >= base64_start.size() + base64_end.size();
  if (!is_encoded) return std::string(value);
  value.remove_prefix(base64_start.size());
  value.remove_suffix(base64_end.size());
  return decode_base64(value, Base64::Standard);
}

}  // namespace mcp
