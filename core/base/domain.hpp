// The domains of mail addresses.
#pragma once

#include <string>
#include <string_view>

#include "core/base/error.hpp"

namespace segmentflow {

// The domain of a mail address, such as "mail.example.com", in ASCII: an ASCII one as it is
// written, an international one in its ASCII form in lower case, "xn--bcher-kva.example" for
// "Bücher.example", whichever form it is written in. IDNA 2008 with the mapping of UTS #46,
// non-transitional, and STD3 rules (RFC 5891, unicode.org/reports/tr46), contextual and
// bidirectional rules included. At least two labels, the last of letters or international; at most
// 255 bytes, 63 a label, of the ASCII form. `domain` is valid UTF-8. The error is a sentence for
// the caller.
tl::expected<std::string, std::string> parse_domain(std::string_view domain);

}  // namespace segmentflow
