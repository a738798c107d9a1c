// Which letters of a text are found again in what was made of it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

namespace fuzz {

// The ASCII letters in small ones, because headings are in capitals.
inline void append_letters(std::string& letters, std::string_view text) {
  for (const char c : text) {
    const char small = static_cast<char>(c | 0x20);
    if (small >= 'a' && small <= 'z') letters.push_back(small);
  }
}

// Whether `text` holds the letters of `part` in their order.
inline bool is_within(std::string_view part, std::string_view text) {
  std::size_t at = 0;
  for (const char c : text) {
    if (at < part.size() && part[at] == c) ++at;
  }
  return at == part.size();
}

// Whether the syntax of this Markdown takes no letters: there is no HTML, entity, definition of a
// reference, name of a language, box of a task, or table, whose rows may have too many cells.
inline bool has_plain_syntax(std::string_view markdown) {
  return std::ranges::none_of(
      std::initializer_list<std::string_view>{"<", "&", "]:", "```", "~~~", "[x]", "[X]", "|"},
      [&](std::string_view syntax) { return markdown.find(syntax) != markdown.npos; });
}

// Whether JSON could hold the text.
inline bool is_utf8(std::string_view text) {
  std::size_t rest = 0;
  std::uint32_t code = 0;
  std::uint32_t least = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (rest > 0) {
      if ((byte & 0xC0) != 0x80) return false;
      code = code << 6 | (byte & 0x3Fu);
      if (--rest > 0) continue;
      if (code < least || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return false;
    } else if (byte >= 0x80) {
      if (byte < 0xC2 || byte > 0xF4) return false;
      rest = byte >= 0xF0 ? 3 : byte >= 0xE0 ? 2 : 1;
      least = rest == 3 ? 0x10000 : rest == 2 ? 0x800 : 0x80;
      code = byte & (0x3Fu >> rest);
    }
  }
  return rest == 0;
}

}  // namespace fuzz
