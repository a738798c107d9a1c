// Text whose letters are ASCII only: names of headers and domains, words to compare.
#pragma once

#include <string>
#include <string_view>

namespace segmentflow {

// A to Z in lower case; every other byte as it is, whatever the locale.
std::string ascii_lower(std::string_view text);

}  // namespace segmentflow
