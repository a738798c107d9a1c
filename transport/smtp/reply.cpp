#include "transport/smtp/reply.hpp"

#include <algorithm>

namespace transport::smtp {
namespace {

constexpr std::size_t kCodeBytes = 3;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// The code of a line (RFC 5321 §4.2: [2-5][0-5][0-9]), 0 when there is none or not all of it has
// come. Greater second digits exist in the wild.
int code_of(std::string_view line, bool ended) {
  if (line.size() < kCodeBytes || line[0] < '2' || line[0] > '5' || !is_digit(line[1]) ||
      !is_digit(line[2])) {
    return 0;
  }
  const bool code_ends =
      line.size() == kCodeBytes ? ended : line[kCodeBytes] == ' ' || line[kCodeBytes] == '-';
  return code_ends ? (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0') : 0;
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
  bool is_last = false;
  while (!is_last && start < input.size()) {
    const std::size_t end = input.find('\n', start);
    const bool ended = end != input.npos;
    std::string_view line = input.substr(start, ended ? end - start : input.npos);
    if (line.ends_with('\r')) line.remove_suffix(1);
    const int code = code_of(line, ended);
    // A line whose code is still to come may become a good one.
    if (code == 0 && !ended && line.size() <= kCodeBytes) return parsed;
    if (code == 0 && start == 0) return malformed("a line without a reply code");
    if (code == 0) {
      parsed.reply.cut = true;  // the code was given, what follows is noise
      break;
    }
    if (start > 0 && code != parsed.reply.code) return malformed("lines with different codes");
    parsed.reply.code = code;
    parsed.reply.body +=
        line.substr(0, kReplyLineBytesMax).substr(std::min(line.size(), kCodeBytes + 1));
    parsed.reply.body += '\n';
    if (!ended) break;
    is_last = line.size() <= kCodeBytes || line[kCodeBytes] == ' ';
    start = end + 1;
  }
  const bool is_too_long = !is_last && input.size() > kReplyBytesMax;
  parsed.reply.cut = parsed.reply.cut || (is_too_long && parsed.reply.code != 0);
  if (!is_last && !parsed.reply.cut) return parsed;
  parsed.status = ParsedReply::Status::Complete;
  parsed.consumed = is_last ? start : input.size();
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
