#include "mcp/header_value.hpp"

#include <sodium.h>

namespace mcp {
namespace {

constexpr std::string_view base64_start = "=?base64?";
constexpr std::string_view base64_end = "?=";

std::optional<std::string> decode_base64(std::string_view text) {
  std::string out(text.size(), '\0');
  std::size_t size = 0;
  const char* end = nullptr;
  const int failed =
      sodium_base642bin(reinterpret_cast<unsigned char*>(out.data()), out.size(), text.data(),
                        text.size(), nullptr, &size, &end, sodium_base64_VARIANT_ORIGINAL);
  if (failed != 0 || end != text.data() + text.size()) return std::nullopt;
  out.resize(size);
  return out;
}

}  // namespace

std::optional<std::string> decode_header_value(std::string_view value) {
  const bool is_encoded = value.starts_with(base64_start) && value.ends_with(base64_end) &&
                          value.size() >= base64_start.size() + base64_end.size();
  if (!is_encoded) return std::string(value);
  value.remove_prefix(base64_start.size());
  value.remove_suffix(base64_end.size());
  return decode_base64(value);
}

}  // namespace mcp
