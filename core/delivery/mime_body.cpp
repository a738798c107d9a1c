#include "core/delivery/mime_body.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <optional>

namespace segmentflow {
namespace {

constexpr std::string_view kCrlf = "\r\n";
constexpr std::string_view kMboxSeparator = "From ";  // mailboxes in mbox form put ">" before it
constexpr std::size_t kBase64InputBytesPerLine = kEncodedLineMaxBytes / 4 * 3;

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}
bool is_printable_ascii(char c) {
  return c >= 0x20 && c <= 0x7E;
}

bool line_survives_as_7bit(std::string_view line) {
  if (line.size() > kBodyLineMaxBytes || line == ".") return false;
  if (!line.empty() && is_blank(line.back())) return false;
  if (line.starts_with(kMboxSeparator)) return false;
  return std::ranges::all_of(line, [](char c) { return is_printable_ascii(c) || c == '\t'; });
}

// Calls `visit(line, ended)` for each line of a normalised text; `ended` is false for a last line
// without CRLF. Stops when `visit` gives false, and then gives false itself.
template <class Visit>
bool for_each_line(std::string_view text, Visit visit) {
  while (!text.empty()) {
    const auto end = text.find(kCrlf);
    const bool ended = end != std::string_view::npos;
    if (!visit(text.substr(0, end), ended)) return false;
    if (!ended) return true;
    text.remove_prefix(end + kCrlf.size());
  }
  return true;
}

void append_escaped(std::string& out, char c) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  const auto byte = static_cast<unsigned char>(c);
  out += '=';
  out += kHex[byte >> 4U];
  out += kHex[byte & 0x0FU];
}

// At the start of a written line "From " and "." are escaped too (RFC 2049 §3).
bool needs_escape(std::string_view line, std::size_t at, bool line_start) {
  const char c = line[at];
  if (is_blank(c)) return at + 1 == line.size();
  if (!is_printable_ascii(c) || c == '=') return true;
  if (!line_start) return false;
  return c == '.' || line.substr(at).starts_with(kMboxSeparator);
}

void append_quoted_printable_line(std::string& out, std::string_view line) {
  std::size_t column = 0;
  for (std::size_t at = 0; at < line.size(); ++at) {
    bool escape = needs_escape(line, at, column == 0);
    const std::size_t bytes = escape ? 3 : 1;
    if (column + bytes >= kEncodedLineMaxBytes) {  // one column stays free for the soft break
      out += "=\r\n";
      column = 0;
      escape = needs_escape(line, at, true);
    }
    const std::size_t before = out.size();
    if (escape) {
      append_escaped(out, line[at]);
    } else {
      out += line[at];
    }
    column += out.size() - before;
  }
}

// No quoted-printable form of a normalised text is shorter. Says of most texts that should be
// base64 that they should, without making the other form first.
std::size_t quoted_printable_bytes_min(std::string_view text) {
  const auto escapes = std::ranges::count_if(text, [](char c) {
    return (!is_printable_ascii(c) && c != '\t' && c != '\r' && c != '\n') || c == '=';
  });
  return text.size() + 2 * static_cast<std::size_t>(escapes);
}

// Nothing when the result would be larger than `max_bytes`.
std::optional<std::string> quoted_printable(std::string_view text, std::size_t max_bytes) {
  if (quoted_printable_bytes_min(text) > max_bytes) return std::nullopt;
  std::string out;
  out.reserve(std::min(max_bytes, text.size() + text.size() / 8));
  const bool within = for_each_line(text, [&](std::string_view line, bool ended) {
    append_quoted_printable_line(out, line);
    if (ended) out += kCrlf;
    return out.size() <= max_bytes;
  });
  if (!within) return std::nullopt;
  return out;
}

std::size_t base64_bytes(std::size_t input_bytes) {
  const std::size_t lines = (input_bytes + kBase64InputBytesPerLine - 1) / kBase64InputBytesPerLine;
  return (input_bytes + 2) / 3 * 4 + lines * kCrlf.size();
}

// A text of which up to a third has to be escaped is still read as it stands in quoted-printable,
// by whoever opens the message with an editor.
std::size_t quoted_printable_bytes_max(std::size_t input_bytes) {
  return std::max(base64_bytes(input_bytes), input_bytes + 2 * (input_bytes / 3));
}

std::string base64_lines(std::string_view text) {
  std::string out;
  out.reserve(base64_bytes(text.size()));
  unsigned char line[kEncodedLineMaxBytes + 1];  // OpenSSL writes a NUL after its output
  while (!text.empty()) {
    const auto chunk = text.substr(0, kBase64InputBytesPerLine);
    const int size = EVP_EncodeBlock(line, reinterpret_cast<const unsigned char*>(chunk.data()),
                                     static_cast<int>(chunk.size()));
    out.append(reinterpret_cast<const char*>(line), static_cast<std::size_t>(size));
    out += kCrlf;
    text.remove_prefix(chunk.size());
  }
  return out;
}

}  // namespace

std::string normalise_line_ends(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 32);
  while (true) {
    const auto end = text.find_first_of(kCrlf);
    out += text.substr(0, end);
    if (end == std::string_view::npos) return out;
    out += kCrlf;
    text.remove_prefix(end + (text.substr(end).starts_with(kCrlf) ? 2 : 1));
  }
}

EncodedBody encode_body(std::string_view text) {
  std::string normal = normalise_line_ends(text);
  const bool as_7bit = for_each_line(
      normal, [](std::string_view line, bool) { return line_survives_as_7bit(line); });
  if (as_7bit) return {"7bit", std::move(normal)};
  auto quoted = quoted_printable(normal, quoted_printable_bytes_max(normal.size()));
  if (quoted) return {"quoted-printable", std::move(*quoted)};
  return {"base64", base64_lines(normal)};
}

}  // namespace segmentflow
