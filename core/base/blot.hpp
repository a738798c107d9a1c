// Taking out of a text what must not be in it: mail addresses, and values that are secret.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace segmentflow {

inline constexpr std::string_view kBlottedAddress = "[address]";

// `text` with "[address]" in the place of everything that reads as a mail address (RFC 5321
// §4.1.2): something@something, with letters outside ASCII, a quoted local part, or a domain
// literal, and one that is cut after its @. User names in a URL (scheme://user@host) stay.
std::string blot_addresses(std::string_view text);

// `text` with `marker` in the place of each of `values`, upper or lower case, wherever it stands;
// one of 1 or 2 bytes only where it stands alone. A value that the end of a text of 256 bytes and
// more cuts off goes too, when at least 4 bytes of it are there. "" is no value. What is blotted
// out side by side gives one marker.
std::string blot_values(std::string_view text, const std::vector<std::string>& values,
                        std::string_view marker);

}  // namespace segmentflow
