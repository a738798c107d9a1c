// What third parties wrote into an answer, made safe to show to a model.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "schemas/describe/describe.hpp"

namespace segmentflow {

// Takes out of all texts, in the JSON of an answer of this type, what hides or steers text: control
// characters but line ends and tabs, characters without width, marks of direction, tags. Gives the
// JSON Pointers, with `*` for each element of an array, of those that are there and written by
// third parties (FieldRules::untrusted), and of any that something was taken out of.
std::vector<std::string> clean_untrusted(const describe::Type& type, describe::Json& body);

// The same of all texts in JSON of any kind, names of members included. True when there was such.
bool clean_json(describe::Json& value);

// The text without these characters. `text` is UTF-8.
std::string without_hidden(std::string_view text);
// The same on one line, for what is shown to a person beside other things.
std::string on_one_line(std::string_view text);

}  // namespace segmentflow
