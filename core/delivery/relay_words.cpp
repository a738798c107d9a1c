#include "core/delivery/relay_words.hpp"

#include <fmt/format.h>

#include <array>
#include <cctype>
#include <set>

#include "core/base/blot.hpp"
#include "core/templates/sensitive.hpp"
#include "schemas/describe/json.hpp"

namespace segmentflow {
namespace {

using describe::Json;

constexpr std::size_t kLineMin = 4;
constexpr std::size_t kLocalPartMin = 3;

// How else than with @ a relay writes an address.
constexpr std::array<std::string_view, 6> kAtSigns = {"@", "=", "%", "%40", "=40", " at "};

// Every byte that is not plain as its code after `mark`.
std::string coded(std::string_view text, std::string_view mark, std::string_view plain_too) {
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain =
        byte < 0x80 && (std::isalnum(byte) != 0 || plain_too.find(c) != std::string_view::npos);
    result += plain ? std::string(1, c) : fmt::format("{}{:02x}", mark, byte);
  }
  return result;
}

std::string html_coded(std::string_view text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      default:
        result += c;
    }
  }
  return result;
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

void add_forms(std::string_view value, std::set<std::string>& forms) {
  if (value.empty()) return;
  forms.emplace(value);
  forms.insert(coded(value, "%", "-._~"));
  forms.insert(coded(value, "=", " !\"#$%&'()*+,-./:;<>?@[\\]^_`{|}~"));
  forms.insert(html_coded(value));
  const std::string json = describe::dump_json(Json(std::string(value)));
  forms.insert(json.substr(1, json.size() - 2));
}

void add_text(std::string_view text, std::set<std::string>& forms) {
  add_forms(trimmed(text), forms);
  std::size_t begin = 0;
  while (begin < text.size()) {
    const auto end = std::min(text.find('\n', begin), text.size());
    const auto line = trimmed(text.substr(begin, end - begin));
    if (line.size() >= kLineMin) add_forms(line, forms);
    begin = end + 1;
  }
}

void add_scalars(const Json& value, std::set<std::string>& forms) {
  if (value.is_structured()) {
    for (const Json& member : value) add_scalars(member, forms);
  } else if (value.is_string()) {
    add_text(value.get_ref<const std::string&>(), forms);
  } else if (value.is_number()) {
    forms.insert(describe::dump_json(value));
  }
}

void add_redacted(const Json& value, const Json& kept, std::set<std::string>& forms) {
  if (kept == value) return;
  if (value.is_object() && kept.is_object()) {
    for (const auto& [name, member] : value.items()) {
      const auto found = kept.find(name);
      if (found == kept.end()) {
        add_scalars(member, forms);
      } else {
        add_redacted(member, *found, forms);
      }
    }
  } else if (value.is_array() && kept.is_array() && value.size() == kept.size()) {
    for (std::size_t i = 0; i < value.size(); ++i) add_redacted(value[i], kept[i], forms);
  } else {
    add_scalars(value, forms);
  }
}

}  // namespace

std::vector<std::string> sensitive_values(const std::string& json, const std::string& kept_json) {
  const auto value = describe::parse_json(json);
  const auto kept = describe::parse_json(kept_json);
  std::set<std::string> forms;
  if (value && kept) add_redacted(*value, *kept, forms);
  return {forms.begin(), forms.end()};
}

RelayWords::RelayWords(const EmailSend& send, std::vector<std::string> secrets)
    : secrets_(std::move(secrets)) {
  const auto add = [this](const std::string& email, bool is_hidden) {
    const auto at = email.rfind('@');
    if (at == std::string::npos) return;
    const std::string local = email.substr(0, at);
    for (const auto sign : kAtSigns) {
      addresses_.push_back(local + std::string(sign) + email.substr(at + 1));
    }
    if (is_hidden && local.size() >= kLocalPartMin) addresses_.push_back(local);
  };
  add(send.to_email, false);
  for (const Address& address : send.cc) add(address.email, false);
  for (const Address& address : send.bcc) add(address.email, true);
}

std::string RelayWords::clean(std::string_view text) const {
  if (text.empty()) return {};
  const std::string open = blot_values(text, secrets_, kRedacted);
  return blot_values(blot_addresses(open), addresses_, kBlottedAddress);
}

void RelayWords::clean(MailOutcome& outcome) const {
  outcome.reply.text = clean(outcome.reply.text);
  outcome.detail = clean(outcome.detail);
  for (RefusedCopy& copy : outcome.refused_copies) copy.reply.text = clean(copy.reply.text);
}

}  // namespace segmentflow
