// Bodies as bytes that survive every mail path: line ends and transfer encodings (RFC 2045 §6).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace segmentflow {

inline constexpr std::size_t kBodyLineMaxBytes = 998;    // RFC 5322 §2.1.1, without CRLF
inline constexpr std::size_t kEncodedLineMaxBytes = 76;  // RFC 2045 §6.7 (5), §6.8

struct EncodedBody {
  std::string_view encoding;  // "7bit", "quoted-printable" or "base64"
  std::string content;        // lines of at most 998 bytes that end in CRLF; the last may be open
};

// Every line end (CRLF, or a CR or LF alone) as CRLF.
std::string normalise_line_ends(std::string_view text);

// The text, line ends normalised, in the transfer encoding that suits it: 7bit when it is ASCII in
// lines of at most 998 bytes and holds nothing that mail paths are known to change (blanks at line
// ends, lines that begin with "From ", lines of a single dot, control characters); else
// quoted-printable, in which a text that is mostly ASCII stays readable; else base64.
EncodedBody encode_body(std::string_view text);

}  // namespace segmentflow
