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
    default:
      return {};
  }
}

constexpr bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t' && c != '\n' && c != '\r') || byte == 0x7F;
}

// The first byte of U+0080 to U+00BF, of which those below U+00A0 are controls.
constexpr char kLatinLead = '\xC2';

bool is_latin_control(std::string_view text, std::size_t at) {
  return text[at] == kLatinLead && at + 1 < text.size() &&
         static_cast<unsigned char>(text[at + 1]) < 0xA0;
}

// How many bytes are a control character there; 0 when there is none.
std::size_t control_bytes(std::string_view text, std::size_t at) {
  if (is_control(text[at])) return 1;
  return is_latin_control(text, at) ? 2 : 0;
}

// What append_html has to look at more closely.
constexpr std::array<bool, 256> kSpecial = [] {
  std::array<bool, 256> special{};
  for (std::size_t c = 0; c < special.size(); ++c) {
    const char byte = static_cast<char>(c);
    special[c] = !entity_of(byte).empty() || is_control(byte) || byte == kLatinLead;
  }
  return special;
}();

template <class Text>
void append_as_html(Text& out, std::string_view text) {
  std::size_t start = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (!kSpecial[static_cast<unsigned char>(text[at])]) continue;
    const std::string_view entity = entity_of(text[at]);
    const std::size_t left_out = control_bytes(text, at);
    if (entity.empty() && left_out == 0) continue;
    out.append(text.substr(start, at - start));
    out.append(entity);
    at += left_out == 0 ? 0 : left_out - 1;
    start = at + 1;
  }
  out.append(text.substr(start));
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_alphanumeric(char c) {
  return is_letter(c) || (c >= '0' && c <= '9');
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// What browsers skip in front of a scheme and within it.
bool is_skipped(char c) {
  return static_cast<unsigned char>(c) <= 0x20;
}

// So far into an address its scheme is looked for.
constexpr std::size_t kSchemeReachBytes = 256;

// The scheme in lower case without what browsers skip; "" when there is none.
std::string scheme_of(std::string_view url) {
  constexpr std::size_t kSchemeBytesMax = 16;  // the known ones are shorter
  std::string scheme;
  for (const char c : url.substr(0, kSchemeReachBytes)) {
    if (scheme.size() > kSchemeBytesMax) return "";
    if (is_skipped(c)) continue;
    if (c == ':') return scheme;
    if (!is_alphanumeric(c) && c != '+' && c != '-' && c != '.') return "";
    scheme.push_back(lower(c));
  }
  return "";
}

bool is_at_start(std::string_view before) {
  return before.size() <= kSchemeReachBytes && std::ranges::all_of(before, is_skipped);
}

void append_percent_encoded(Output& out, std::string_view text, std::string_view kept) {
  constexpr std::string_view kUnreserved = "-_.!~*'()";
  constexpr std::string_view kHex = "0123456789ABCDEF";
  for (const char c : text) {
    if (is_alphanumeric(c) || kUnreserved.find(c) != kUnreserved.npos ||
        kept.find(c) != kept.npos) {
      out.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    const std::array<char, 3> code = {'%', kHex[byte >> 4], kHex[byte & 0xF]};
    out.append(std::string_view(code.data(), code.size()));
  }
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
  append_as_html(out, text);
}

void append_html(Output& out, std::string_view text) {
  append_as_html(out, text);
}

std::size_t escaped_bytes(std::string_view text) {
  std::size_t bytes = text.size();
  for (const char c : text) {
    if (kSpecial[static_cast<unsigned char>(c)]) bytes += entity_of(c).size();
  }
  return bytes;
}

std::string without_controls(std::string text) {
  std::size_t kept = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t left_out = control_bytes(text, at);
    if (left_out == 0) text[kept++] = text[at];
    at += std::max<std::size_t>(left_out, 1);
  }
  text.resize(kept);
  return text;
}

void append_address_part(Output& out, std::string_view text) {
  const std::string_view before = out.view();
  if (!out.spend(std::min(before.size(), kSchemeReachBytes))) return;
  if (is_at_start(before)) {
    out.append(text);
    return;
  }
  const std::string scheme = scheme_of(before);
  const bool is_mail = scheme == "mailto";
  if (is_mail && !out.spend(before.size())) return;
  const bool is_recipient = is_mail && before.find('?') == before.npos;
  append_percent_encoded(out, text, is_recipient ? "@+" : scheme == "tel" ? "+" : "");
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
  for (std::size_t at = 0; at < value.size(); ++at) {
    const char c = value[at];
    // What is left out of HTML afterwards would join what stands around it.
    if (static_cast<unsigned char>(c) < 0x20 || control_bytes(value, at) != 0) return false;
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
  return std::ranges::all_of(name,
                             [](char c) { return is_alphanumeric(c) || c == '-' || c == '_'; });
}

}  // namespace segmentflow::render
