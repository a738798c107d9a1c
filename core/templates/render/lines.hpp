// The lines of a text.
#pragma once

#include <string>
#include <string_view>

#include "core/templates/render/meter.hpp"

namespace segmentflow::render {

// To look for lines, for each byte, in units of work (meter.hpp).
inline constexpr std::size_t kLineWork = 2;

// Takes the first line off `text`, which becomes what follows it; sets `has_more` when there was a
// line end. A line ends at LF, CR LF, CR, U+2028 or U+2029.
std::string_view take_line(std::string_view& text, bool& has_more);

// Appends `text` as append_html does, with `line_break` between its lines.
void append_html_lines(std::string& out, std::string_view text, std::string_view line_break);
void append_html_lines(Output& out, std::string_view text, std::string_view line_break);

}  // namespace segmentflow::render
