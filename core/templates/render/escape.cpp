#include "core/templates/render/escape.hpp"

#include <algorithm>
#include <array>

namespace segmentflow::render {
namespace {

constexpr std::string_view entity_of(char c) {
  switch (c) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\'':
      return "&#x27;";
    case '\0':
      return "\uFFFD";
    default:
      return {};
  }
}

constexpr std::array<bool, 256> kSpecial = [] {
  std::array<bool, 256> special{};
  for (std::size_t c = 0; c < special.size(); ++c) {
    special[c] = !entity_of(static_cast<char>(c)).empty();
  }
  return special;
}();

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// The scheme in lower case without what browsers skip; "" when there is none.
std::string scheme_of(std::string_view url) {
  std::string scheme;
  for (const char c : url) {
    if (static_cast<unsigned char>(c) <= 0x20) continue;
    if (c == ':') return scheme;
    if (!is_letter(c) && !(c >= '0' && c <= '9') && c != '+' && c != '-' && c != '.') return "";
    scheme.push_back(lower(c));
  }
  return "";
}

bool is_balanced(std::string_view value) {
  std::string open;  // the closing characters that are due
  for (const char c : value) {
    const bool in_quotes = !open.empty() && (open.back() == '"' || open.back() == '\'');
    if (!open.empty() && c == open.back()) {
      open.pop_back();
    } else if (in_quotes) {
      continue;
    } else if (c == '"' || c == '\'') {
      open.push_back(c);
    } else if (c == '(' || c == '[') {
      open.push_back(c == '(' ? ')' : ']');
    } else if (c == ')' || c == ']') {
      return false;
    }
  }
  return open.empty();
}

}  // namespace

void append_html(std::string& out, std::string_view text) {
  std::size_t start = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (!kSpecial[static_cast<unsigned char>(text[at])]) continue;
    out.append(text, start, at - start).append(entity_of(text[at]));
    start = at + 1;
  }
  out.append(text, start);
}

bool is_allowed_url(std::string_view url) {
  if (url.empty() || url.front() == '#') return true;
  constexpr std::array<std::string_view, 5> kSchemes = {"https", "http", "mailto", "tel", "cid"};
  return std::ranges::find(kSchemes, scheme_of(url)) != kSchemes.end();
}

bool is_insecure_url(std::string_view url) {
  return scheme_of(url) == "http";
}

bool is_safe_style_value(std::string_view value) {
  std::string lowered;
  lowered.reserve(value.size());
  for (const char c : value) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return false;
    if (std::string_view(";{}\\<>@").find(c) != std::string_view::npos) return false;
    lowered.push_back(lower(c));
  }
  for (const std::string_view refused :
       {"/*", "*/", "url(", "image(", "image-set(", "src(", "expression(", "javascript:"}) {
    if (lowered.find(refused) != std::string::npos) return false;
  }
  return is_balanced(value);
}

bool is_style_name(std::string_view name) {
  if (name.empty()) return false;
  return std::ranges::all_of(
      name, [](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '_'; });
}

}  // namespace segmentflow::render
