#include "transport/smtp/reply.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace transport::smtp {
namespace {

constexpr std::size_t kCodeBytes = 3;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// The code of a line (RFC 5321 §4.2: [2-5][0-5][0-9]), 0 when there is none. Greater second digits
// exist in the wild.
int code_of(std::string_view line) {
  if (line.size() < kCodeBytes || line[0] < '2' || line[0] > '5' || !is_digit(line[1]) ||
      !is_digit(line[2])) {
    return 0;
  }
  if (line.size() > kCodeBytes && line[kCodeBytes] != ' ' && line[kCodeBytes] != '-') return 0;
  return (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
}

ParsedReply malformed(std::string problem) {
  ParsedReply parsed;
  parsed.status = ParsedReply::Status::Malformed;
  parsed.problem = std::move(problem);
  return parsed;
}

// The length of class.subject.detail at the start of a line (RFC 3463 §2), 0 when there is none or
// its class is not that of the code.
std::size_t enhanced_length(std::string_view line, int code) {
  if (line.empty() || line[0] - '0' != code / 100) return 0;
  std::size_t at = 1;
  for (int part = 0; part < 2; ++part) {
    if (at >= line.size() || line[at] != '.') return 0;
    const std::size_t first = ++at;
    while (at < line.size() && is_digit(line[at])) ++at;
    if (at == first || at - first > 3) return 0;
  }
  return at == line.size() || line[at] == ' ' ? at : 0;
}

void append_printable(std::string& text, std::string_view line) {
  if (!text.empty() && !line.empty()) text += ' ';
  for (const char c : line) text += c >= ' ' && c < 0x7f ? c : '?';
}

}  // namespace

ParsedReply parse_reply(std::string_view input) {
  ParsedReply parsed;
  std::size_t start = 0;
  while (true) {
    const std::size_t end = input.find('\n', start);
    const std::size_t length = (end == input.npos ? input.size() : end) - start;
    if (length > kReplyLineBytesMax) {
      return malformed(fmt::format("a line longer than {} bytes", kReplyLineBytesMax));
    }
    if (start + length > kReplyBytesMax) {
      return malformed(fmt::format("more than {} bytes", kReplyBytesMax));
    }
    if (end == input.npos) return parsed;
    std::string_view line = input.substr(start, length);
    if (line.ends_with('\r')) line.remove_suffix(1);
    const int code = code_of(line);
    if (code == 0) return malformed("a line without a reply code");
    if (start > 0 && code != parsed.reply.code) return malformed("lines with different codes");
    parsed.reply.code = code;
    const bool last = line.size() <= kCodeBytes || line[kCodeBytes] == ' ';
    parsed.reply.body += line.substr(std::min(line.size(), kCodeBytes + 1));
    parsed.reply.body += '\n';
    start = end + 1;
    if (last) break;
  }
  parsed.status = ParsedReply::Status::Complete;
  parsed.consumed = start;
  return parsed;
}

segmentflow::MailReply to_mail_reply(const Reply& reply) {
  segmentflow::MailReply result;
  result.code = reply.code;
  std::string_view rest = reply.body;
  while (!rest.empty() && result.text.size() < kReplyTextBytesMax) {
    const std::size_t end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
    const std::size_t length = enhanced_length(line, reply.code);
    if (length > 0) {
      if (result.enhanced.empty()) result.enhanced = line.substr(0, length);
      line.remove_prefix(std::min(line.size(), length + 1));
    }
    append_printable(result.text, line);
  }
  if (result.text.size() > kReplyTextBytesMax) result.text.resize(kReplyTextBytesMax);
  return result;
}

}  // namespace transport::smtp
