#include "core/templates/render/lines.hpp"

#include "core/templates/render/escape.hpp"

namespace segmentflow::render {
namespace {

std::size_t break_length_bytes(std::string_view text, std::size_t at) {
  if (text[at] == '\n') return 1;
  if (text[at] == '\r') return text.substr(at, 2) == "\r\n" ? 2 : 1;
  const std::string_view three = text.substr(at, 3);
  return three == "\u2028" || three == "\u2029" ? 3 : 0;
}

// What looking for lines costs, and each of them; where nobody counts, nothing.
bool pay_for_search(Output& out, std::string_view text) {
  return out.spend(text.size() * kLineWork);
}
bool pay_for_search(std::string&, std::string_view) {
  return true;
}
bool pay_for_line(Output& out) {
  return out.spend(1);
}
bool pay_for_line(std::string&) {
  return true;
}

template <class Text>
void append_lines(Text& out, std::string_view text, std::string_view line_break) {
  bool has_more = pay_for_search(out, text);
  while (has_more && pay_for_line(out)) {
    append_html(out, take_line(text, has_more));
    if (has_more) out.append(line_break);
  }
}

}  // namespace

std::string_view take_line(std::string_view& text, bool& has_more) {
  has_more = false;
  for (std::size_t at = text.find_first_of("\r\n\xE2"); at != text.npos;
       at = text.find_first_of("\r\n\xE2", at + 1)) {
    const std::size_t length = break_length_bytes(text, at);
    if (length == 0) continue;
    const std::string_view line = text.substr(0, at);
    text.remove_prefix(at + length);
    has_more = true;
    return line;
  }
  return text;
}

void append_html_lines(std::string& out, std::string_view text, std::string_view line_break) {
  append_lines(out, text, line_break);
}

void append_html_lines(Output& out, std::string_view text, std::string_view line_break) {
  append_lines(out, text, line_break);
}

}  // namespace segmentflow::render
