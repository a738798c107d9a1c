// The lines of a text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace segmentflow::render {

// At least one; a line ends at LF, CR LF, CR, U+2028 or U+2029.
std::vector<std::string_view> lines_of(std::string_view text);

// Appends `text` as append_html does, with `line_break` between its lines.
void append_html_lines(std::string& out, std::string_view text, std::string_view line_break);

}  // namespace segmentflow::render
