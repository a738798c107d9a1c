// Unicode letter case, in full: one letter may become several (ß in capitals is SS).
#pragma once

#include <string>
#include <string_view>

#include "core/templates/render/meter.hpp"

namespace segmentflow::render {

// Appends the UTF-8 `text` in capitals or small letters (Unicode 15, no locale). Bytes that are not
// UTF-8 are copied. The final form of the Greek sigma is not chosen by context.
void append_upper(std::string& out, std::string_view text);
void append_upper(Output& out, std::string_view text);
void append_lower(Output& out, std::string_view text);

}  // namespace segmentflow::render
