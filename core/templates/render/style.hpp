// Inline styles: what a component makes of the style map it is given, and its text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/templates/render/value.hpp"

namespace segmentflow::render {

struct Declaration {
  std::string_view name;  // camelCase, or as written
  Value value;
};

// Declarations in their order; setting one that is there keeps its place, as in a JavaScript
// object.
using Style = std::vector<Declaration>;

void set(Style& style, std::string_view name, const Value& value);
const Value* find(const Style& style, std::string_view name);
// `defaults` overridden by `given`.
Style merge(Style defaults, const Style& given);

// The style of a paragraph: its defaults, `given`, and the `margin` shorthand taken apart.
Style paragraph_style(const Style& given);

// The padding of a button in px; undefined for a side that is not set.
struct Padding {
  Value top, right, bottom, left;
};
Padding padding_of(const Style& given);

// Appends ` style="..."`, or nothing when no declaration is left. null, booleans and "" drop a
// declaration; numbers get px unless the property has no unit. Declarations with a name that is
// none, or with a value from data that could leave its declaration, are left out and named in
// `refused`.
void append_style_attribute(std::string& out, const Style& style,
                            std::vector<std::string>& refused);

}  // namespace segmentflow::render
