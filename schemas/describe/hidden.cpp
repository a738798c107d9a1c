#include "schemas/describe/hidden.hpp"

#include <algorithm>
#include <array>

#include "schemas/describe/utf8.hpp"

namespace describe {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};

// Unicode's Default_Ignorable_Code_Point (DerivedCoreProperties.txt), which no font shows;
// controls; and what ends lines or is written between them.
constexpr std::array kHidden = {
    Range{0x00, 0x08},       Range{0x0B, 0x1F},        // controls
    Range{0x7F, 0x9F},                                 //
    Range{0xAD, 0xAD},                                 // soft hyphen
    Range{0x034F, 0x034F},                             // joins graphemes
    Range{0x061C, 0x061C},                             // direction
    Range{0x115F, 0x1160},   Range{0x17B4, 0x17B5},    // fillers
    Range{0x180B, 0x180F},                             // selects variants
    Range{0x200B, 0x200F},                             // no width; direction
    Range{0x2028, 0x202E},                             // lines, paragraphs; direction
    Range{0x2060, 0x206F},                             // no width; direction; deprecated
    Range{0x3164, 0x3164},                             // filler
    Range{0xFE00, 0xFE0F},                             // selects variants
    Range{0xFEFF, 0xFEFF},                             // no width
    Range{0xFFA0, 0xFFA0},                             // filler
    Range{0xFFF0, 0xFFFB},                             // annotations
    Range{0x1BCA0, 0x1BCA3}, Range{0x1D173, 0x1D17A},  // of shorthand and music
    Range{0xE0000, 0xE0FFF},                           // tags; selects variants
};

char32_t code_point(std::string_view character) {
  const auto lead = static_cast<unsigned char>(character.front());
  if (character.size() == 1) return lead;
  char32_t point = lead & (0xFFU >> (character.size() + 1));
  for (const char c : character.substr(1))
    point = point << 6 | (static_cast<unsigned char>(c) & 0x3F);
  return point;
}

}  // namespace

std::string without_hidden(std::string_view text) {
  std::string clean;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t bytes = std::max<std::size_t>(utf8_character_bytes(text, at), 1);
    const std::string_view character = text.substr(at, bytes);
    const char32_t point = code_point(character);
    const bool is_hidden = std::ranges::any_of(
        kHidden, [&](const Range& range) { return point >= range.first && point <= range.last; });
    if (!is_hidden) clean += character;
    at += bytes;
  }
  return clean;
}

}  // namespace describe
