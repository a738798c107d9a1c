#include "core/templates/render/letter_case.hpp"

#include <algorithm>
#include <span>

#include "core/templates/render/letter_case_table.hpp"

namespace segmentflow::render {
namespace {

template <class Text>
void append_utf8(Text& out, std::uint32_t letter) {
  if (letter < 0x80) {
    out.push_back(static_cast<char>(letter));
    return;
  }
  const int tail = letter < 0x800 ? 1 : letter < 0x10000 ? 2 : 3;
  constexpr std::uint32_t kLead[] = {0, 0xC0, 0xE0, 0xF0};
  out.push_back(static_cast<char>(kLead[tail] | (letter >> (6 * tail))));
  for (int at = tail - 1; at >= 0; --at) {
    out.push_back(static_cast<char>(0x80 | ((letter >> (6 * at)) & 0x3F)));
  }
}

struct Letter {
  std::uint32_t code;
  std::size_t length_bytes;  // 0 when the bytes are no letter
};

Letter read_letter(std::string_view text) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const unsigned char lead = byte(0);
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 0;
  if (length == 0 || text.size() < length) return {0, 0};
  std::uint32_t code = lead & (0xFFu >> (length + 1));
  for (std::size_t at = 1; at < length; ++at) {
    if ((byte(at) & 0xC0) != 0x80) return {0, 0};
    code = (code << 6) | (byte(at) & 0x3Fu);
  }
  return {code, length};
}

template <class Text>
void append_mapped(Text& out, std::uint32_t letter, std::span<const CaseRun> runs,
                   std::span<const CaseExpansion> expansions) {
  const auto expansion = std::ranges::lower_bound(expansions, letter, {}, &CaseExpansion::letter);
  if (expansion != expansions.end() && expansion->letter == letter) {
    for (const std::uint32_t part : expansion->becomes) {
      if (part != 0) append_utf8(out, part);
    }
    return;
  }
  const auto run = std::ranges::lower_bound(runs, letter, {}, &CaseRun::last);
  const bool hit =
      run != runs.end() && letter >= run->first && (letter - run->first) % run->step == 0;
  append_utf8(out, hit ? letter + static_cast<std::uint32_t>(run->shift) : letter);
}

template <class Text>
void append_in_case(Text& out, std::string_view text, char first, char last,
                    std::span<const CaseRun> runs, std::span<const CaseExpansion> expansions) {
  while (!text.empty()) {
    const char c = text.front();
    if (static_cast<unsigned char>(c) < 0x80) {
      out.push_back(c >= first && c <= last ? static_cast<char>(c ^ 0x20) : c);
      text.remove_prefix(1);
      continue;
    }
    const Letter letter = read_letter(text);
    if (letter.length_bytes == 0) {
      out.push_back(c);
      text.remove_prefix(1);
      continue;
    }
    append_mapped(out, letter.code, runs, expansions);
    text.remove_prefix(letter.length_bytes);
  }
}

}  // namespace

void append_upper(std::string& out, std::string_view text) {
  append_in_case(out, text, 'a', 'z', kUpperRuns, kUpperExpansions);
}

void append_upper(Output& out, std::string_view text) {
  append_in_case(out, text, 'a', 'z', kUpperRuns, kUpperExpansions);
}

void append_lower(Output& out, std::string_view text) {
  append_in_case(out, text, 'A', 'Z', kLowerRuns, kLowerExpansions);
}

}  // namespace segmentflow::render
