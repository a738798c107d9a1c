// The components a template may use and their props; the one table that parser and docs follow.
#pragma once

#include <span>
#include <string_view>

#include "core/templates/render/markup.hpp"

namespace segmentflow::render {

struct PropRule {
  std::string_view name;
  bool is_required = false;
};

struct ComponentRule {
  std::string_view name;
  Component component;
  bool takes_children;
  std::span<const PropRule> props;
};

std::span<const ComponentRule> component_catalog();
// Null for a name that is none.
const ComponentRule* component_named(std::string_view name);

}  // namespace segmentflow::render
