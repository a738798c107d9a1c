#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

#include "schemas/describe/decimal.hpp"
#include "schemas/describe/json.hpp"

namespace describe {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

bool continues(std::string_view text, std::size_t at) {
  return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80;
}

// The length of the well-formed UTF-8 sequence (Unicode table 3-7) at `at`, 0 when there is none.
std::size_t sequence_length(std::string_view text, std::size_t at) {
  const auto first = static_cast<unsigned char>(text[at]);
  if (first < 0x80) return 1;
  if (!continues(text, at + 1)) return 0;
  const auto second = static_cast<unsigned char>(text[at + 1]);
  if (first >= 0xC2 && first <= 0xDF) return 2;
  if (first >= 0xE0 && first <= 0xEF) {
    if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F)) return 0;
    return continues(text, at + 2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    if ((first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F)) return 0;
    return continues(text, at + 2) && continues(text, at + 3) ? 4 : 0;
  }
  return 0;
}

void append_escape(std::string& out, char c) {
  constexpr std::string_view kHex = "0123456789abcdef";
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      out += "\\u00";
      out += kHex[static_cast<unsigned char>(c) >> 4];
      out += kHex[static_cast<unsigned char>(c) & 0xF];
  }
}

// The shortest escapes; everything from U+0020 except quote and backslash stands for itself.
void append_string(std::string& out, std::string_view text) {
  out += '"';
  std::size_t done = 0;  // everything before it has been written
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    const bool escape = static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\';
    const std::size_t length = escape ? 0 : sequence_length(text, at);
    if (length > 0) {
      at += length;
      continue;
    }
    out += text.substr(done, at - done);
    if (escape) {
      append_escape(out, c);
    } else {
      out += kReplacement;
    }
    done = ++at;
  }
  out += text.substr(done);
  out += '"';
}

void append_scalar(std::string& out, const Json& value) {
  if (value.is_string()) {
    append_string(out, value.get_ref<const std::string&>());
  } else if (value.is_boolean()) {
    out += value.get<bool>() ? "true" : "false";
  } else {
    out += "null";
  }
}

// nlohmann writes doubles with Grisu2, which is not always the shortest text, so that what it
// writes might not be what was read, and parse_json would refuse it.
std::string number_text(const Json& value) {
  if (value.is_number_unsigned()) return std::to_string(value.get<std::uint64_t>());
  if (value.is_number_integer()) return std::to_string(value.get<std::int64_t>());
  const double number = value.get<double>();
  return std::isfinite(number) ? plain_text(shortest_decimal(number)) : "null";
}

std::string canonical_number(const Json& value) {
  const std::string text = number_text(value);
  return text == "null" ? text : canonical_text(decimal_of(text));
}

void append_json(std::string& out, const Json& value);
void append_canonical(std::string& out, const Json& value);

void append_array(std::string& out, const Json& value, void (*append)(std::string&, const Json&)) {
  out += '[';
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (i > 0) out += ',';
    append(out, value[i]);
  }
  out += ']';
}

void append_json(std::string& out, const Json& value) {
  if (value.is_array()) {
    append_array(out, value, append_json);
  } else if (value.is_number()) {
    out += number_text(value);
  } else if (!value.is_object()) {
    append_scalar(out, value);
  } else {
    out += '{';
    bool first = true;
    for (const auto& [key, member] : value.get_ref<const Json::object_t&>()) {
      if (!first) out += ',';
      first = false;
      append_string(out, key);
      out += ':';
      append_json(out, member);
    }
    out += '}';
  }
}

void append_canonical(std::string& out, const Json& value) {
  if (value.is_array()) {
    append_array(out, value, append_canonical);
  } else if (value.is_number()) {
    out += canonical_number(value);
  } else if (!value.is_object()) {
    append_scalar(out, value);
  } else {
    std::vector<const Json::object_t::value_type*> members;
    members.reserve(value.size());
    for (const auto& member : value.get_ref<const Json::object_t&>()) members.push_back(&member);
    std::sort(members.begin(), members.end(),
              [](const auto* a, const auto* b) { return a->first < b->first; });
    out += '{';
    for (std::size_t i = 0; i < members.size(); ++i) {
      if (i > 0) out += ',';
      append_string(out, members[i]->first);
      out += ':';
      append_canonical(out, members[i]->second);
    }
    out += '}';
  }
}

}  // namespace

std::string dump_json(const Json& value) {
  std::string out;
  append_json(out, value);
  return out;
}

std::string canonical_json(const Json& value) {
  std::string out;
  append_canonical(out, value);
  return out;
}

}  // namespace describe
