#include "core/templates/render/lines.hpp"

#include <algorithm>

#include "core/templates/render/escape.hpp"

namespace segmentflow::render {
namespace {

std::size_t break_length_bytes(std::string_view text, std::size_t at) {
  if (text[at] == '\n') return 1;
  if (text[at] == '\r') return text.substr(at, 2) == "\r\n" ? 2 : 1;
  const std::string_view three = text.substr(at, 3);
  return three == "\u2028" || three == "\u2029" ? 3 : 0;
}

}  // namespace

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  std::size_t start = 0;
  for (std::size_t at = text.find_first_of("\r\n\xE2"); at != text.npos;
       at = text.find_first_of("\r\n\xE2", at)) {
    const std::size_t length = break_length_bytes(text, at);
    if (length > 0) lines.push_back(text.substr(start, at - start));
    if (length > 0) start = at + length;
    at += std::max<std::size_t>(length, 1);
  }
  lines.push_back(text.substr(start));
  return lines;
}

void append_html_lines(std::string& out, std::string_view text, std::string_view line_break) {
  bool is_first = true;
  for (const std::string_view line : lines_of(text)) {
    if (!is_first) out.append(line_break);
    is_first = false;
    append_html(out, line);
  }
}

}  // namespace segmentflow::render
