// What there is to say about the format of template bodies, for people and assistants who write
// them. Components come from the catalogue, functions from the table that calls them.
#pragma once

#include <span>
#include <string_view>

#include "core/templates/render/catalog.hpp"
#include "core/templates/render/spec.hpp"

namespace segmentflow::render {

struct FormatRule {
  std::string_view form;  // JSON text
  std::string_view meaning;
};

std::string_view format_overview();
std::span<const FormatRule> expression_rules();
std::span<const FormatRule> condition_rules();
std::span<const FormatRule> function_rules();
std::span<const FormatRule> state_rules();

// JSON Schema 2020-12 of a component's props; expressions are admitted everywhere.
Json props_schema(const ComponentRule& rule);

// The budget's numbers by name.
Json limits_json(const Budget& budget);

// A whole definition that uses much of the format, as JSON text.
std::string_view format_example();

}  // namespace segmentflow::render
