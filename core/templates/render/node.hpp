// The typed tree behind Spec; only the parser and the renderer see it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/templates/render/expression.hpp"
#include "core/templates/render/markup.hpp"

namespace segmentflow::render {

struct Repeat {
  Pointer pointer;
  bool in_item = false;  // below the item of the enclosing repeat instead of the state
};

// Attributes that few components have.
struct Attributes {
  Expression alt, width, height, level, language, direction;
  Expression custom_styles;  // of Markdown, by element
};

struct Node {
  std::string key;
  Component component = Component::Unknown;
  bool is_broken = false;  // its props are not an object: rendering it fails
  std::vector<std::uint32_t> children;
  std::optional<Condition> visible;
  std::optional<Repeat> repeat;
  Expression text;
  Expression address;  // href or src
  Expression style;
  Attributes attributes;
  std::optional<std::string> text_html;  // of a literal text that can be shown
  std::optional<Markup> markup;          // of a literal style
};

class Spec {
 public:
  std::vector<Node> nodes;
  std::optional<std::uint32_t> root;
  Json state = Json::object();  // initial model; the roots of the rendering come before it
  bool has_preview = false;
  std::vector<std::string> paths_read;
};

// Appends what a value renders as among the children of an element: text and numbers escaped,
// nothing for null, undefined and booleans, arrays one after another. Lines of a text that is from
// data stay lines. False when it holds an object.
[[nodiscard]] bool append_child_html(std::string& out, const Value& value);
[[nodiscard]] bool append_child_html(Output& out, const Value& value);

// The declarations of an object that is a style map.
Style style_of(const Value& object);

}  // namespace segmentflow::render
