#include "core/base/domain.hpp"

#include <fmt/format.h>
#include <idn2.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "core/base/address.hpp"
#include "core/base/ascii.hpp"

namespace segmentflow {
namespace {

using Refusal = std::optional<std::string>;  // a sentence, or nothing when all is well

constexpr std::string_view kALabelPrefix = "xn--";

bool is_letter(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}
bool is_letter_or_digit(char c) {
  return is_letter(c) || (c >= '0' && c <= '9');
}

// The ASCII form of an international label (RFC 5890 §2.3.2.1).
bool is_a_label(std::string_view label) {
  return ascii_lower(label.substr(0, kALabelPrefix.size())) == kALabelPrefix;
}

bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= kDomainLabelMaxBytes &&
         is_letter_or_digit(label.front()) &&
         std::ranges::all_of(label, [](char c) { return is_letter_or_digit(c) || c == '-'; });
}

// Letters, as in "com", or the ASCII form of an international one, as in "xn--qxam".
bool is_top_level(std::string_view top) {
  if (is_a_label(top)) return is_label(top) && top.back() != '-';
  return top.size() >= 2 && top.size() <= kDomainLabelMaxBytes &&
         std::ranges::all_of(top, is_letter);
}

Refusal check_domain(std::string_view domain) {
  if (domain.size() > kDomainMaxBytes) {
    return fmt::format("The domain has {} bytes; at most {} are accepted.", domain.size(),
                       kDomainMaxBytes);
  }
  const auto last_dot = domain.rfind('.');
  if (last_dot == std::string_view::npos) {
    return "The domain must have at least two parts, as in example.com.";
  }
  if (last_dot + 1 == domain.size()) return "The domain must not end with a dot.";
  if (!is_top_level(domain.substr(last_dot + 1))) {
    return "The domain must end in a top-level domain of at least two letters, as in example.com.";
  }
  std::string_view rest = domain.substr(0, last_dot);
  while (true) {
    const auto dot = rest.find('.');
    if (!is_label(rest.substr(0, dot))) {
      return fmt::format(
          "Each part of the domain must begin with a letter or digit, hold only letters, digits "
          "and hyphens, and have 1 to {} characters.",
          kDomainLabelMaxBytes);
    }
    if (dot == std::string_view::npos) return std::nullopt;
    rest.remove_prefix(dot + 1);
  }
}

// By libidn2. The error is a phrase that says what is wrong with the name. What STD3 forbids, such
// as a blank, stands in the result, for check_domain to see: with IDN2_USE_STD3_ASCII_RULES the
// library would leave it out without a word.
tl::expected<std::string, std::string> to_ascii(std::string_view domain) {
  const std::string text(domain);  // the library wants its end marked
  std::uint8_t* found = nullptr;
  const int code = idn2_lookup_u8(reinterpret_cast<const std::uint8_t*>(text.c_str()), &found,
                                  IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
  const auto release = [](std::uint8_t* name) { idn2_free(name); };
  const std::unique_ptr<std::uint8_t, decltype(release)> owned(found, release);
  if (code != IDN2_OK) return tl::unexpected(std::string(idn2_strerror(code)));
  return std::string(reinterpret_cast<const char*>(owned.get()));
}

}  // namespace

tl::expected<std::string, std::string> parse_domain(std::string_view domain) {
  std::string result(domain);
  // Of ASCII domains only those below an international top-level domain are looked at by the
  // library: the others have always been taken as they are.
  const auto top = domain.substr(domain.rfind('.') + 1);  // all of it without a dot
  if (!is_ascii(domain) || (top.size() < domain.size() && is_a_label(top))) {
    auto ascii = to_ascii(domain);
    if (!ascii) {
      return tl::unexpected(
          fmt::format("The domain is not a valid international domain name: {}.", ascii.error()));
    }
    result = std::move(*ascii);
  }
  if (auto refusal = check_domain(result)) return tl::unexpected(std::move(*refusal));
  return result;
}

}  // namespace segmentflow
