// Values of headers that repeat a value of the body.
// https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mcp {

// The text that a header value stands for: itself, or what "=?base64?…?=" holds. nullopt when that
// is no base64 (RFC 4648 §4).
std::optional<std::string> decode_header_value(std::string_view value);

}  // namespace mcp
