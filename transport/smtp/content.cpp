#include "transport/smtp/content.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace transport::smtp {
namespace {

// `line` includes its LF.
std::string line_problem(std::string_view line, std::size_t at_byte) {
  if (line.size() < 2 || line[line.size() - 2] != '\r') {
    return fmt::format("The content has a LF without CR at byte {}.", at_byte + line.size() - 1);
  }
  const std::string_view text = line.substr(0, line.size() - 2);
  if (text.size() > kContentLineBytesMax) {
    return fmt::format("The content has a line longer than {} bytes at byte {}.",
                       kContentLineBytesMax, at_byte);
  }
  const std::size_t carriage_return = text.find('\r');
  if (carriage_return != text.npos) {
    return fmt::format("The content has a CR without LF at byte {}.", at_byte + carriage_return);
  }
  const std::size_t nul = text.find('\0');
  if (nul != text.npos) return fmt::format("The content has a NUL at byte {}.", at_byte + nul);
  return {};
}

bool is_label(std::string_view label) {
  constexpr std::size_t kLabelBytesMax = 63;  // RFC 1035 §2.3.4
  return !label.empty() && label.size() <= kLabelBytesMax && label.front() != '-' &&
         label.back() != '-' && std::all_of(label.begin(), label.end(), [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '-';
         });
}

}  // namespace

bool is_ascii(std::string_view text) {
  unsigned char all = 0;
  for (const char c : text) all |= static_cast<unsigned char>(c);
  return all < 0x80;
}

ContentFacts inspect_content(std::string_view content) {
  ContentFacts facts;
  if (!content.ends_with("\r\n")) {
    facts.problem = "The content does not end in CRLF.";
    return facts;
  }
  for (std::size_t start = 0; start < content.size();) {
    const std::size_t end = content.find('\n', start) + 1;
    facts.problem = line_problem(content.substr(start, end - start), start);
    if (!facts.problem.empty()) return facts;
    facts.needs_stuffing = facts.needs_stuffing || content[start] == '.';
    start = end;
  }
  facts.eight_bit = !is_ascii(content);
  return facts;
}

std::string dot_stuffed(std::string_view content) {
  std::string stuffed;
  stuffed.reserve(content.size() + content.size() / 64 + 1);
  if (content.starts_with('.')) stuffed += '.';
  std::size_t start = 0;
  for (std::size_t at = content.find("\n."); at != content.npos; at = content.find("\n.", start)) {
    stuffed += content.substr(start, at + 1 - start);
    stuffed += '.';
    start = at + 1;
  }
  stuffed += content.substr(start);
  return stuffed;
}

bool can_be_path(std::string_view address) {
  if (address.empty() || address.size() > kAddressBytesMax) return false;
  return std::none_of(address.begin(), address.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte <= ' ' || byte == 0x7f || c == '<' || c == '>';
  });
}

bool is_full_name(std::string_view name) {
  constexpr std::size_t kNameBytesMax = 253;
  if (name.size() > kNameBytesMax || name.find('.') == name.npos) return false;
  while (true) {
    const std::size_t dot = name.find('.');
    if (!is_label(name.substr(0, dot))) return false;
    if (dot == name.npos) return true;
    name.remove_prefix(dot + 1);
  }
}

}  // namespace transport::smtp
