// The parts of a component's HTML that depend only on its style, made once for a static style.
#pragma once

#include <string>
#include <vector>

#include "core/templates/render/style.hpp"

namespace segmentflow::render {

enum class Component : std::uint8_t {
  Html,
  Head,
  Body,
  Container,
  Section,
  Row,
  Column,
  Heading,
  Text,
  Link,
  Button,
  Image,
  Hr,
  Preview,
  Markdown,
  Unknown
};

struct Markup {
  std::string style;         // ` style="..."` of the main element; of a Body that of its cell
  std::string body_style;    // of a Body: ` style="..."` of <body> itself
  std::string before_label;  // of a Button
  std::string after_label;   // of a Button
};

struct MarkupResult {
  Markup markup;
  std::vector<std::string> refused;  // declarations left out for safety
};
MarkupResult make_markup(Component component, const Style& given);

}  // namespace segmentflow::render
