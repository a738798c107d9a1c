#include "tools/untrusted.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "schemas/describe/utf8.hpp"

namespace segmentflow {
namespace {

using describe::Json;
using describe::Kind;
using describe::Type;

struct Range {
  char32_t first;
  char32_t last;
};

constexpr std::array<Range, 10> kHidden = {{{0x00, 0x08},
                                            {0x0B, 0x1F},
                                            {0x7F, 0x9F},
                                            {0xAD, 0xAD},          // soft hyphen
                                            {0x200B, 0x200F},      // no width; direction
                                            {0x202A, 0x202E},      // direction
                                            {0x2060, 0x2064},      // no width
                                            {0x2066, 0x2069},      // direction
                                            {0xFEFF, 0xFEFF},      // no width
                                            {0xE0000, 0xE007F}}};  // tags

char32_t code_point(std::string_view character) {
  const auto lead = static_cast<unsigned char>(character.front());
  if (character.size() == 1) return lead;
  char32_t point = lead & (0xFFU >> (character.size() + 1));
  for (const char c : character.substr(1))
    point = point << 6 | (static_cast<unsigned char>(c) & 0x3F);
  return point;
}

class Cleaner {
 public:
  std::vector<std::string> paths;

  void visit(const Type& type, Json& value, const std::string& path) {
    if (type.kind == Kind::Object && value.is_object()) return members(type, value, path);
    if (type.element != nullptr && value.is_array()) {
      for (std::size_t i = 0; i < value.size(); ++i) {
        visit(*type.element, value[i], path + "/" + std::to_string(i));
      }
    }
    // Which alternative it is does not matter: what is not there is passed over.
    for (const Type* alternative : type.alternatives) visit(*alternative, value, path);
  }

 private:
  void members(const Type& type, Json& value, const std::string& path) {
    for (const auto& field : type.fields) {
      const auto member = value.find(std::string(field.name));
      if (member == value.end()) continue;
      const std::string below = path + "/" + std::string(field.name);
      if (field.rules.untrusted && member->is_string()) {
        *member = without_hidden(member->get_ref<const std::string&>());
        if (std::ranges::find(paths, below) == paths.end()) paths.push_back(below);
      } else {
        visit(*field.type, *member, below);
      }
    }
  }
};

}  // namespace

std::vector<std::string> clean_untrusted(const Type& type, Json& body) {
  Cleaner cleaner;
  cleaner.visit(type, body, "");
  return std::move(cleaner.paths);
}

std::string without_hidden(std::string_view text) {
  std::string clean;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t bytes = std::max<std::size_t>(describe::utf8_character_bytes(text, at), 1);
    const std::string_view character = text.substr(at, bytes);
    const char32_t point = code_point(character);
    const bool is_hidden = std::ranges::any_of(
        kHidden, [&](const Range& range) { return point >= range.first && point <= range.last; });
    if (!is_hidden) clean += character;
    at += bytes;
  }
  return clean;
}

}  // namespace segmentflow
