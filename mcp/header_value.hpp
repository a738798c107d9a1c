// Texts in HTTP headers and session ids.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mcp {

// The text of a header value that may be in the form =?base64?…?= (2026-07-28, "Value Encoding");
// nullopt when what is in that form is no base64.
std::optional<std::string> decode_header_value(std::string_view value);

std::string to_hex(std::string_view bytes);

// Takes as long for equal texts as for different ones of the same length.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace mcp
