// The styles of Markdown's elements: react-email's defaults, each replaced as a whole by what the
// template gives for it.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "core/templates/render/value.hpp"

namespace segmentflow::render {

class MarkdownStyles {
 public:
  // `custom`: an object of styles by element, or nullish. Declarations that must not stand in a
  // style are left out and named in `refused`, as "h1/color".
  MarkdownStyles(const Value& custom, std::vector<std::string>& refused);

  // ` style="..."`, or "" when the element has none.
  const std::string& attribute(std::string_view element) const;

  // Names that `custom` may have.
  static bool is_element(std::string_view name);

 private:
  static constexpr std::size_t kElements = 25;
  std::array<std::string, kElements> attributes_;
};

}  // namespace segmentflow::render
