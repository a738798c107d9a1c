// Mail addresses as callers write them: a bare address or "Name <address>".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.hpp"

namespace segmentflow {

struct Address {
  std::string email;                // as written, trimmed
  std::optional<std::string> name;  // decoded display name; nullopt for a bare address

  // What identifies the mailbox: the whole address in ASCII lower case (segmentflow-api.md §9 #8).
  std::string key() const;
  // The part after the last @, in lower case.
  std::string domain() const;
  bool operator==(const Address&) const = default;
};

// A subset of RFC 5322 name-addr: an address, or a display name (atoms, a quoted string, or UTF-8
// text) and the address in angle brackets. Refuses groups, comments, lists, control characters
// (CR, LF and NUL above all), more than 320 bytes of address, names over 255 bytes; local part ≤ 64,
// domain ≤ 255 bytes (RFC 5321 §4.5.3.1). The error is a sentence for the caller.
tl::expected<Address, std::string> parse_address(std::string_view text);

}  // namespace segmentflow
