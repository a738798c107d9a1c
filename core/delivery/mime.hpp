// Builds the complete message: the same values always give the same bytes.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/address.hpp"
#include "core/base/clock.hpp"
#include "core/base/error.hpp"

namespace segmentflow {

inline constexpr std::size_t kSubjectMaxBytes = 3992;  // 998 characters of up to four bytes
inline constexpr std::size_t kMessageIdMaxBytes = 250;
inline constexpr std::size_t kExtraHeaderNameMaxBytes = 64;
inline constexpr std::size_t kExtraHeaderValueMaxBytes = 4096;

// There is no bcc: those recipients are in the envelope only.
struct MimeMessage {
  Address from;
  std::vector<Address> to;  // at least one
  std::vector<Address> cc;
  std::optional<Address> reply_to;
  std::string subject;     // UTF-8; may be empty
  std::string message_id;  // left@domain, without angle brackets
  Time date = 0;
  std::string html;  // UTF-8; "" when there is none
  std::string text;  // UTF-8; "" when there is none
  // Written last, in this order: (name, value). Values are printable ASCII and are folded at their
  // spaces, never encoded, since many such fields (List-Unsubscribe) have a grammar of their own.
  std::vector<std::pair<std::string, std::string>> extra_headers;
};

// The message with CRLF line ends, headers folded at 78 and no line over 998 bytes, not
// dot-stuffed: multipart/alternative of text/plain and text/html, or the one part that is not
// empty. A single part ends with a line end. The boundary is derived from the message id and occurs
// nowhere in the content. Line ends in bodies are normalised. Errors (ValidationFailed, with the
// field as path): CR, LF or NUL in any header value, text that is not UTF-8, an address that
// parse_address refuses, sizes over the limits above, no recipient, no body, an extra header that
// is malformed or one of those written here (or Bcc).
Result<std::string> build_mime(const MimeMessage& message);

}  // namespace segmentflow
