// Mail addresses as callers write them: a bare address or "Name <address>".
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.hpp"

namespace segmentflow {

inline constexpr std::size_t kAddressMaxBytes = 320;
inline constexpr std::size_t kLocalPartMaxBytes = 64;      // RFC 5321 §4.5.3.1.1
inline constexpr std::size_t kDomainMaxBytes = 255;        // RFC 5321 §4.5.3.1.2
inline constexpr std::size_t kDomainLabelMaxBytes = 63;    // RFC 1035 §2.3.4
inline constexpr std::size_t kDisplayNameMaxBytes = 255;   // decoded
inline constexpr std::size_t kAddressTextMaxBytes = 1024;  // a quoted name doubled, and its address

struct Address {
  std::string email;                // as written; an international domain in its ASCII form
  std::optional<std::string> name;  // decoded display name; nullopt for a bare address

  // What identifies the mailbox: the whole address in ASCII lower case (segmentflow-api.md §9 #8).
  std::string key() const;
  // The part after the last @, in lower case.
  std::string domain() const;
  bool operator==(const Address&) const = default;
};

// A subset of RFC 5322 name-addr: an address, or a display name (atoms, a quoted string, or UTF-8
// text) and the address in angle brackets. Refuses groups, comments, lists, control characters
// (CR, LF and NUL above all), more than 320 bytes of address, names over 255 bytes; local part ≤
// 64, domain ≤ 255 bytes (RFC 5321 §4.5.3.1). The local part is ASCII, of the form that the public
// API accepts, the domain as parse_domain (domain.hpp) gives it; a name is any UTF-8. An empty name
// (`"" <a@b.co>`) is no name. The error is a sentence for the caller.
tl::expected<Address, std::string> parse_address(std::string_view text);

// The address for people: `a@b.co` or `Name <a@b.co>`, the name in UTF-8 and quoted where
// parse_address needs it; parse_address of the result gives the same Address. Not for headers.
std::string format_address(const Address& address);

// True when every byte is below 0x80.
bool is_ascii(std::string_view text);

}  // namespace segmentflow
