#include <algorithm>
#include <array>

#include "schemas/describe/parse.hpp"

namespace describe {
namespace {

constexpr std::size_t kEmailBytesMax = 320;  // 64 + @ + 255, RFC 5321 §4.5.3.1
constexpr std::size_t kUuidLength = 36;

// ASCII only, whatever the locale says.
constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
constexpr bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
constexpr bool is_alnum(char c) {
  return is_digit(c) || is_letter(c);
}
constexpr bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
constexpr bool one_of(char c, std::string_view set) {
  return set.find(c) != set.npos;
}

bool is_local_part(std::string_view local) {
  if (local.empty() || local.front() == '.') return false;
  if (!is_alnum(local.back()) && !one_of(local.back(), "_+-")) return false;
  if (local.find("..") != local.npos) return false;
  return std::all_of(local.begin(), local.end(),
                     [](char c) { return is_alnum(c) || one_of(c, "_'+-."); });
}

bool is_label(std::string_view label) {
  return !label.empty() && is_alnum(label.front()) &&
         std::all_of(label.begin(), label.end(), [](char c) { return is_alnum(c) || c == '-'; });
}

bool is_mail_domain(std::string_view domain) {
  const auto last_dot = domain.rfind('.');
  if (last_dot == domain.npos) return false;
  const auto top = domain.substr(last_dot + 1);
  if (top.size() < 2 || !std::all_of(top.begin(), top.end(), is_letter)) return false;
  for (auto rest = domain.substr(0, last_dot);;) {
    const auto dot = rest.find('.');
    if (!is_label(rest.substr(0, dot))) return false;
    if (dot == rest.npos) return true;
    rest.remove_prefix(dot + 1);
  }
}

// Reads a number of exactly `count` digits from the front of the text; -1 when it is not there.
int take_digits(std::string_view& text, std::size_t count) {
  if (text.size() < count) return -1;
  int value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (!is_digit(text[i])) return -1;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(count);
  return value;
}

bool take(std::string_view& text, std::string_view any_of) {
  if (text.empty() || !one_of(text.front(), any_of)) return false;
  text.remove_prefix(1);
  return true;
}

bool take_date(std::string_view& text) {
  constexpr std::array kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const int year = take_digits(text, 4);
  if (year < 0 || !take(text, "-")) return false;
  const int month = take_digits(text, 2);
  if (month < 1 || month > 12 || !take(text, "-")) return false;
  const int day = take_digits(text, 2);
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  const int days = kDays[static_cast<std::size_t>(month - 1)] + (leap && month == 2 ? 1 : 0);
  return day >= 1 && day <= days;
}

bool take_hour_minute(std::string_view& text) {
  const int hour = take_digits(text, 2);
  if (hour < 0 || hour > 23 || !take(text, ":")) return false;
  const int minute = take_digits(text, 2);
  return minute >= 0 && minute <= 59;
}

}  // namespace

bool is_uuid(std::string_view text) {
  if (text.size() != kUuidLength) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
    if (hyphen ? text[i] != '-' : !is_hex(text[i])) return false;
  }
  if (text == "00000000-0000-0000-0000-000000000000") return true;
  if (text == "ffffffff-ffff-ffff-ffff-ffffffffffff") return true;
  return text[14] >= '1' && text[14] <= '8' && one_of(text[19], "89abAB");
}

bool is_email(std::string_view text) {
  if (text.size() > kEmailBytesMax) return false;
  const auto at = text.find('@');
  if (at == text.npos) return false;
  return is_local_part(text.substr(0, at)) && is_mail_domain(text.substr(at + 1));
}

bool is_uri(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == text.npos || colon == 0 || colon + 1 == text.size()) return false;
  const auto scheme = text.substr(0, colon);
  if (!is_letter(scheme.front())) return false;
  for (const char c : scheme) {
    if (!is_alnum(c) && !one_of(c, "+-.")) return false;
  }
  for (std::size_t i = colon + 1; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (i + 2 >= text.size() || !is_hex(text[i + 1]) || !is_hex(text[i + 2])) return false;
    } else if (!is_alnum(text[i]) && !one_of(text[i], "-._~:/?#[]@!$&'()*+,;=")) {
      return false;
    }
  }
  return true;
}

bool is_date_time(std::string_view text) {
  if (!take_date(text) || !take(text, "Tt") || !take_hour_minute(text) || !take(text, ":")) {
    return false;
  }
  const int second = take_digits(text, 2);
  if (second < 0 || second > 59) return false;
  if (take(text, ".")) {
    if (take_digits(text, 1) < 0) return false;
    while (!text.empty() && is_digit(text.front())) text.remove_prefix(1);
  }
  if (take(text, "Zz")) return text.empty();
  return take(text, "+-") && take_hour_minute(text) && text.empty();
}

bool is_one_line(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

}  // namespace describe
