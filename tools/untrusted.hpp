// What third parties wrote into an answer (FieldRules::untrusted), made safe to show to a model.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "schemas/describe/describe.hpp"

namespace segmentflow {

// Takes out of such values, in the JSON of an answer of this type, what hides or steers text:
// control characters but line ends and tabs, characters without width, marks of direction, tags.
// Gives the JSON Pointers of those that are there, with `*` for each element of an array.
std::vector<std::string> clean_untrusted(const describe::Type& type, describe::Json& body);

// The text without these characters. `text` is UTF-8.
std::string without_hidden(std::string_view text);
// The same on one line, for what is shown to a person beside other things.
std::string on_one_line(std::string_view text);

}  // namespace segmentflow
