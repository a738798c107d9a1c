// Characters that hide or steer text.
#pragma once

#include <string>
#include <string_view>

namespace describe {

// The text without control characters but line ends and tabs, characters without width, marks of
// direction, and tags. `text` is UTF-8.
std::string without_hidden(std::string_view text);

}  // namespace describe
