#include "core/base/address.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/ascii.hpp"
#include "core/base/domain.hpp"
#include "schemas/describe/utf8.hpp"

namespace segmentflow {
namespace {

using Refusal = std::optional<std::string>;  // a sentence, or nothing when all is well

bool is_letter(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}
bool is_letter_or_digit(char c) {
  return is_letter(c) || (c >= '0' && c <= '9');
}

std::string_view trim_spaces(std::string_view text) {
  const auto first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

// What people write where one address belongs; each has a sentence of its own.
Refusal check_shape(std::string_view email) {
  if (email.empty()) return "The address is empty; write it as name@example.com.";
  if (email.find_first_of(",;") != std::string_view::npos) {
    return "Only one address is accepted here, but a list was given.";
  }
  if (email.find_first_of("()") != std::string_view::npos) {
    return "Comments in parentheses are not accepted in an address.";
  }
  if (email.find(':') != std::string_view::npos) {
    return "Groups and routes (with a colon) are not accepted; give one plain address.";
  }
  if (email.find_first_of("<>") != std::string_view::npos) {
    return "The angle brackets do not match; write Name <name@example.com>.";
  }
  if (email.find(' ') != std::string_view::npos) {
    return "The address contains a space; write it as name@example.com, or as "
           "Name <name@example.com>.";
  }
  return std::nullopt;
}

Refusal check_local_part(std::string_view local) {
  if (local.empty()) return "The part before the @ is empty.";
  if (!is_ascii(local)) {
    return "The part before the @ has non-ASCII characters, which many mail servers do not take "
           "(they would need SMTPUTF8); give an address whose part before the @ is ASCII.";
  }
  if (local.size() > kLocalPartMaxBytes) {
    return fmt::format("The part before the @ has {} bytes; at most {} are accepted.", local.size(),
                       kLocalPartMaxBytes);
  }
  const auto allowed = [](char c) {
    return is_letter_or_digit(c) || std::string_view("_'+-.").find(c) != std::string_view::npos;
  };
  if (!std::ranges::all_of(local, allowed)) {
    return "The part before the @ may hold only letters, digits and _ ' + - and dots.";
  }
  if (local.front() == '.' || local.find("..") != std::string_view::npos) {
    return "The part before the @ may not begin with a dot or hold two dots in a row.";
  }
  if (local.back() == '.' || local.back() == '\'') {
    return "The part before the @ must end with a letter, a digit, _, + or -.";
  }
  return std::nullopt;
}

// The email rule of the public API (segmentflow-api.md §2), with the sizes of RFC 5321, and with
// international domains in either form.
tl::expected<std::string, std::string> read_email(std::string_view email) {
  if (auto refusal = check_shape(email)) return tl::unexpected(std::move(*refusal));
  const auto at = email.find('@');
  if (at == std::string_view::npos) {
    return tl::unexpected(std::string("The address has no @; write it as name@example.com."));
  }
  if (email.find('@', at + 1) != std::string_view::npos) {
    return tl::unexpected(
        std::string("The address has more than one @; write it as name@example.com."));
  }
  const auto local = email.substr(0, at);
  if (auto refusal = check_local_part(local)) return tl::unexpected(std::move(*refusal));
  return parse_domain(email.substr(at + 1)).map([&](const std::string& domain) {
    return fmt::format("{}@{}", local, domain);
  });
}

tl::expected<Address, std::string> make_address(std::string_view email, std::string name) {
  auto read = read_email(email);
  if (!read) return tl::unexpected(std::move(read.error()));
  if (name.size() > kDisplayNameMaxBytes) {
    return tl::unexpected(fmt::format("The display name has {} bytes; at most {} are accepted.",
                                      name.size(), kDisplayNameMaxBytes));
  }
  Address address{std::move(*read), std::nullopt};
  if (!name.empty()) address.name = std::move(name);
  return address;
}

// `rest` is what follows the display name and should be `<address>`.
tl::expected<Address, std::string> parse_angle(std::string_view rest, std::string name) {
  if (rest.empty() || rest.front() != '<') {
    return tl::unexpected(
        std::string("After the quoted display name the address must follow in angle brackets, "
                    "as in \"Name\" <name@example.com>."));
  }
  const auto close = rest.find('>');
  if (close == std::string_view::npos) {
    return tl::unexpected(
        std::string("The closing angle bracket is missing; write "
                    "Name <name@example.com>."));
  }
  const std::string_view after = trim_spaces(rest.substr(close + 1));
  if (!after.empty()) {
    const bool list = after.front() == ',' || after.front() == ';';
    return tl::unexpected(
        std::string(list ? "Only one address is accepted here, but a list was given."
                         : "Nothing may follow the closing angle bracket."));
  }
  return make_address(rest.substr(1, close - 1), std::move(name));
}

tl::expected<Address, std::string> parse_quoted_name(std::string_view text) {
  std::string name;
  bool escaped = false;
  for (std::size_t i = 1; i < text.size(); ++i) {
    const char c = text[i];
    if (!escaped && c == '"') {
      return parse_angle(trim_spaces(text.substr(i + 1)), std::move(name));
    }
    escaped = !escaped && c == '\\';
    if (!escaped) name += c;
  }
  return tl::unexpected(std::string("The closing quote of the display name is missing."));
}

// Unquoted names: any text without the characters that mean something in a header.
Refusal check_plain_name(std::string_view name) {
  const auto special = name.find_first_of(R"(()>[]:;@\,")");
  if (special == std::string_view::npos) return std::nullopt;
  const char c = name[special];
  if (c == '(' || c == ')') {
    return "Comments in parentheses are not accepted; put a display name that holds parentheses "
           "in double quotes.";
  }
  if (c == '>') return "The angle brackets do not match; write Name <name@example.com>.";
  return fmt::format(
      "The display name holds {}, which has a meaning in addresses: give one address only, and "
      "put such a display name in double quotes.",
      c == '"' ? std::string("a double quote") : std::string(1, c));
}

std::string collapse_spaces(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c != ' ' || (!result.empty() && result.back() != ' ')) result += c;
  }
  if (!result.empty() && result.back() == ' ') result.pop_back();
  return result;
}

bool reads_back_unquoted(std::string_view name) {
  return name.find_first_of("()<>[]:;@\\,.\"") == std::string_view::npos &&
         collapse_spaces(name) == name;
}

}  // namespace

std::string Address::key() const {
  return ascii_lower(email);
}

std::string Address::domain() const {
  const auto at = email.rfind('@');
  return at == std::string::npos ? std::string() : ascii_lower(email.substr(at + 1));
}

tl::expected<Address, std::string> parse_address(std::string_view text) {
  if (text.size() > kAddressTextMaxBytes) {
    return tl::unexpected(fmt::format("The address text has {} bytes; at most {} are accepted.",
                                      text.size(), kAddressTextMaxBytes));
  }
  if (!describe::is_valid_utf8(text))
    return tl::unexpected(std::string("The address is not valid UTF-8."));
  if (describe::has_control_character(text)) {
    return tl::unexpected(std::string(
        "The address holds a control character (a line break, a tab or the like); remove it."));
  }
  text = trim_spaces(text);
  if (!text.empty() && text.front() == '"') return parse_quoted_name(text);
  const auto open = text.find('<');
  if (open == std::string_view::npos) return make_address(text, {});
  if (auto refusal = check_plain_name(text.substr(0, open))) {
    return tl::unexpected(std::move(*refusal));
  }
  return parse_angle(text.substr(open), collapse_spaces(text.substr(0, open)));
}

std::string format_address(const Address& address) {
  if (!address.name || address.name->empty()) return address.email;
  if (reads_back_unquoted(*address.name)) {
    return fmt::format("{} <{}>", *address.name, address.email);
  }
  std::string quoted;
  for (const char c : *address.name) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return fmt::format("\"{}\" <{}>", quoted, address.email);
}

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

}  // namespace segmentflow
