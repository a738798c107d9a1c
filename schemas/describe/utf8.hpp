// UTF-8: whole characters and their validity (RFC 3629).
#pragma once

#include <cstddef>
#include <string_view>

namespace describe {

// The size in bytes (1 to 4) of the well-formed character that starts at `at`; 0 when there is
// none: overlong forms, surrogates, code points above U+10FFFF, stray or missing continuation
// bytes.
std::size_t utf8_character_bytes(std::string_view text, std::size_t at);

// The longest beginning of at most `bytes_max` bytes that cuts no character. The text must be valid
// UTF-8.
std::string_view utf8_beginning(std::string_view text, std::size_t bytes_max);

bool is_valid_utf8(std::string_view text);

// True when the text holds a control character: U+0000 to U+001F, U+007F, or U+0080 to U+009F.
// The text must be valid UTF-8.
bool has_control_character(std::string_view text);

}  // namespace describe
