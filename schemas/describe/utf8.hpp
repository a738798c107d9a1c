// UTF-8: whole characters and their validity (RFC 3629).
#pragma once

#include <cstddef>
#include <string_view>

namespace describe {

// The size in bytes (1 to 4) of the well-formed character that starts at `at`; 0 when there is
// none: overlong forms, surrogates, code points above U+10FFFF, stray or missing continuation
// bytes.
std::size_t utf8_character_bytes(std::string_view text, std::size_t at);

enum class TextUnit { Bytes, CodePoints, Utf16 };

// The longest beginning of at most `max` units that takes no character apart which readers see as
// one: letters with their marks, joined emoji, flags, syllables (UAX #29, extended grapheme
// clusters of Unicode 14). When the first of them is longer alone, it is cut between code points.
// The text must be valid UTF-8. `taken`, when given, becomes the number of units.
std::string_view beginning_of(std::string_view text, std::size_t max, TextUnit unit,
                              std::size_t* taken = nullptr);
// ... of at most `bytes_max` bytes.
std::string_view utf8_beginning(std::string_view text, std::size_t bytes_max);

// True when a reader sees nothing of the text: it has only blanks, control characters and
// characters without a shape. The text must be valid UTF-8.
bool shows_nothing(std::string_view text);

bool is_valid_utf8(std::string_view text);

// True when the text holds a control character: U+0000 to U+001F, U+007F, or U+0080 to U+009F.
// The text must be valid UTF-8.
bool has_control_character(std::string_view text);

}  // namespace describe
