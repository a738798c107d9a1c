// The components a template may use and their props: the one table that the parser, the format's
// description and the documents follow.
#pragma once

#include <span>
#include <string_view>

#include "core/templates/render/markup.hpp"

namespace segmentflow::render {

enum class PropKind : std::uint8_t {
  Text,       // what is shown: a string, a number, an array of these, or an expression
  String,     // a string or an expression
  Size,       // a number of pixels or a string
  Url,        // http, https, mailto, tel, cid, or #fragment
  Level,      // h1 to h6
  Direction,  // ltr or rtl
  Style,      // an object of camelCase CSS properties
  Styles,     // an object of styles by the name of a Markdown element
};

struct PropRule {
  std::string_view name;
  PropKind kind;
  bool is_required;
  std::string_view doc;
};

struct ComponentRule {
  std::string_view name;
  Component component;
  bool takes_children;
  std::string_view doc;
  std::span<const PropRule> props;
  std::string_view example;  // the element, as JSON text
};

std::span<const ComponentRule> component_catalog();
// Null for a name that is none.
const ComponentRule* component_named(std::string_view name);

}  // namespace segmentflow::render
