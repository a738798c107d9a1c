#include "core/templates/render/addresses.hpp"

#include <algorithm>
#include <array>

namespace segmentflow::render {
namespace {

constexpr std::string_view kMarks = "*_~";

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

bool is_alphanumeric(char c) {
  return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9');
}

bool is_local_part(char c) {
  return is_alphanumeric(c) || c == '.' || c == '-' || c == '_' || c == '+';
}

bool starts_with(std::string_view text, std::string_view lowered) {
  if (text.size() < lowered.size()) return false;
  return std::ranges::equal(text.substr(0, lowered.size()), lowered, {}, lower);
}

bool is_host(char c) {
  return is_alphanumeric(c) || static_cast<unsigned char>(c) >= 0x80;
}

// Where a web address that begins at `start` ends at the latest.
std::size_t end_of_run(std::string_view text, std::size_t start) {
  int round = 0;
  int square = 0;
  for (std::size_t at = start; at < text.size(); ++at) {
    const char c = text[at];
    if (static_cast<unsigned char>(c) <= ' ' || c == '<') return at;
    round += c == '(' ? 1 : c == ')' ? -1 : 0;
    square += c == '[' ? 1 : c == ']' ? -1 : 0;
    if (round < 0 || square < 0) return at;
  }
  return text.size();
}

// Takes off what stands at the end of an address and is not part of it.
class Trimmer {
 public:
  Trimmer(std::string_view address, char before) : address_(address), before_(before) {
    for (const char c : address_) count(c, 1);
  }

  std::size_t length() {
    while (const std::size_t outside = outside_at_end()) {
      for (std::size_t at = 0; at < outside; ++at) count(address_[address_.size() - 1 - at], -1);
      address_.remove_suffix(outside);
    }
    return address_.size();
  }

 private:
  void count(char c, int by) {
    const std::size_t mark = kMarks.find(c);
    if (mark != std::string_view::npos) marks_[mark] += by;
  }

  // How many bytes at the end are not part of it.
  std::size_t outside_at_end() const {
    if (address_.empty()) return 0;
    const char last = address_.back();
    const std::size_t mark = kMarks.find(last);
    if (mark == std::string_view::npos) {
      return std::string_view("?!.,:;'\"").find(last) != std::string_view::npos ? 1 : 0;
    }
    const std::size_t before_run = address_.find_last_not_of(last);
    const std::size_t run = address_.size() - (before_run == address_.npos ? 0 : before_run + 1);
    const std::size_t within = static_cast<std::size_t>(marks_[mark]) - run;
    const bool has_partner = within > 0 && (within + run) % 2 == 0 && last != before_;
    return has_partner ? 0 : run;
  }

  std::string_view address_;
  char before_;
  std::array<int, kMarks.size()> marks_{};
};

std::optional<BareAddress> web_address_at(std::string_view text, std::size_t at) {
  const std::string_view rest = text.substr(at);
  const char before = at == 0 ? ' ' : text[at - 1];
  std::size_t prefix = 0;
  auto kind = BareAddress::Kind::Url;
  if (starts_with(rest, "http://")) prefix = 7;
  if (starts_with(rest, "https://")) prefix = 8;
  if (prefix == 0 && starts_with(rest, "www.")) {
    prefix = 4;
    kind = BareAddress::Kind::Www;
  }
  if (prefix == 0 || is_alphanumeric(before)) return std::nullopt;
  const bool is_in_name = std::string_view("/.-@").find(before) != std::string_view::npos;
  if (kind == BareAddress::Kind::Www && is_in_name) return std::nullopt;
  if (rest.size() == prefix || !(is_host(rest[prefix]) || rest[prefix] == '[')) {
    return std::nullopt;
  }
  const std::size_t end = end_of_run(text, at);
  const std::size_t length = Trimmer(text.substr(at, end - at), before).length();
  if (length <= prefix) return std::nullopt;
  return BareAddress{kind, at, at + length};
}

// `at` is that of the @.
std::optional<BareAddress> email_around(std::string_view text, std::size_t from, std::size_t at) {
  std::size_t start = at;
  while (start > from && is_local_part(text[start - 1])) --start;
  while (start < at && !is_alphanumeric(text[start])) ++start;  // marks of emphasis, and dots
  std::size_t end = at + 1;
  bool has_dot = false;
  for (; end < text.size(); ++end) {
    const char c = text[end];
    const bool is_dot = c == '.' && end > at + 1 && text[end - 1] != '.' && end + 1 < text.size() &&
                        is_alphanumeric(text[end + 1]);
    has_dot = has_dot || is_dot;
    if (!is_dot && !is_alphanumeric(c) && c != '-' && c != '_') break;
  }
  while (end > at + 1 && !is_alphanumeric(text[end - 1])) --end;
  if (start == at || !has_dot || end == at + 1) return std::nullopt;
  return BareAddress{BareAddress::Kind::Email, start, end};
}

}  // namespace

std::optional<BareAddress> next_address(std::string_view text, std::size_t from) {
  for (std::size_t at = from; at < text.size(); ++at) {
    const char c = lower(text[at]);
    std::optional<BareAddress> found;
    if (c == 'h' || c == 'w') found = web_address_at(text, at);
    if (c == '@') found = email_around(text, from, at);
    if (found) return found;
  }
  return std::nullopt;
}

}  // namespace segmentflow::render
