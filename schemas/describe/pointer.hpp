// Places and names in error messages. Private to this folder.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace describe {

// Adds one step to a JSON Pointer (RFC 6901: ~ is ~0, / is ~1). Names over 256 bytes are cut and
// end in an ellipsis, so that an error cannot be as large as its input.
void append_step(std::string& pointer, std::string_view name);
void append_step(std::string& pointer, std::size_t index);

// A name in double quotes, control characters escaped, cut after 64 bytes.
std::string quote_name(std::string_view name);

}  // namespace describe
