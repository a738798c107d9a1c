// Base64 as the protocol uses it (RFC 4648).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mcp {

enum class Base64 {
  Standard,     // §4, padded
  UrlUnpadded,  // §5, for what stands in headers and addresses
};

std::string encode_base64(std::string_view bytes, Base64 variant);

// nullopt when the text is none, to its last character.
std::optional<std::string> decode_base64(std::string_view text, Base64 variant);

}  // namespace mcp
