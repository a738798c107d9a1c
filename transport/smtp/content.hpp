// What must hold for content, addresses and names before they go onto the wire.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace transport::smtp {

inline constexpr std::size_t kContentLineBytesMax = 998;  // RFC 5322 §2.1.1, without CRLF
inline constexpr std::size_t kAddressBytesMax = 320;      // 64 + "@" + 255, RFC 5321 §4.5.3.1

struct ContentFacts {
  std::string problem;          // a sentence when the content cannot be sent at all, else ""
  bool eight_bit = false;       // needs 8BITMIME
  bool needs_stuffing = false;  // a line begins with a dot
};

// Refuses bare CR or LF (they would let content speak SMTP), NUL, lines over the limit, and content
// that does not end in CRLF.
ContentFacts inspect_content(std::string_view content);

// A dot more at the start of each line that begins with one (RFC 5321 §4.5.2).
std::string dot_stuffed(std::string_view content);

// Whether the address can stand between < and >: no control characters, spaces or angle brackets,
// within the limit, not empty.
bool can_be_path(std::string_view address);

bool is_ascii(std::string_view text);

// Whether it is the full name of a host, as EHLO wants it: labels with a dot between them (RFC 5321
// §2.3.5, RFC 1035 §2.3.1).
bool is_full_name(std::string_view name);

}  // namespace transport::smtp
