#include "schemas/describe/pointer.hpp"

#include <nlohmann/json.hpp>

#include "schemas/describe/json.hpp"

namespace describe {
namespace {

constexpr std::size_t kStepBytesMax = 256;
constexpr std::size_t kQuotedBytesMax = 64;

// At most `bytes_max` bytes of the text, whole code points, with an ellipsis when it was cut.
std::string cut(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return std::string(text);
  std::size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "…";
}

}  // namespace

void append_step(std::string& pointer, std::string_view name) {
  pointer += '/';
  for (const char c : cut(name, kStepBytesMax)) {
    if (c == '~') {
      pointer += "~0";
    } else if (c == '/') {
      pointer += "~1";
    } else {
      pointer += c;
    }
  }
}

void append_step(std::string& pointer, std::size_t index) {
  pointer += '/';
  pointer += std::to_string(index);
}

std::string quote_name(std::string_view name) {
  return dump_json(Json(cut(name, kQuotedBytesMax)));
}

}  // namespace describe
