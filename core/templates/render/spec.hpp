// A template body, the json-render flat spec, parsed once into a typed tree.
//
//   {"root": "html", "elements": {"html": {"type": "Html", "props": {}, "children": ["body"]},
//   ...},
//    "state": {...}}
//
// Parsing is strict about the shape only; what is merely wrong inside comes back as findings, so
// that a half-made template can be saved, and the caller decides what makes it incomplete.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.hpp"
#include "schemas/describe/json.hpp"

namespace segmentflow::render {

// Limits of one template and of one rendering of it. Work and memory are counted (meter.hpp): what
// keeps to these limits takes some tens of milliseconds at most.
struct Budget {
  std::size_t depth_max = 64;  // elements inside elements
  std::size_t elements_max = 5'000;
  std::size_t style_declarations_max = 200;  // of one element
  std::size_t repeat_items_max = 10'000;     // of all repeats together
  std::size_t output_bytes_max = 2 << 20;    // of the HTML, of the text, and of each text within
  std::size_t memory_bytes_max = 16 << 20;   // held at once beside template and state
  std::size_t work_max = 20'000'000;         // bytes handled; an element is 100, a step 25
  std::size_t line_values_max = 100;         // ${/path} parts of a subject or preheader
  std::size_t line_bytes_max = 8 << 10;      // of what they are filled to; the rest is left out
};

enum class Severity { Error, Warning };
std::string_view to_string(Severity severity);

struct Finding {
  std::string code;  // snake_case, e.g. "missing_child"; listed in docs of the template format
  Severity severity;
  std::string path;     // JSON Pointer into the body, e.g. "/elements/title/props/text"
  std::string message;  // a sentence: what is wrong and what to do
};

class Spec;  // immutable, to be shared by threads

struct ParsedSpec {
  std::shared_ptr<const Spec> spec;
  std::vector<Finding> findings;  // in the order of the elements; none when all is well

  bool has_errors() const;
};

// Parses the `body` of a template definition.
// Errors: ValidationFailed when it is not a flat spec or is over the budget, with paths into the
// body. Findings, errors: missing_root, root_not_found, empty_spec, missing_child, cycle,
// unknown_component, invalid_props, missing_prop, invalid_prop, invalid_style, invalid_visible,
// invalid_repeat, repeat_without_children, repeat_item_outside_scope, invalid_children,
// unknown_expression, visible_in_props, on_in_props, repeat_in_props, watch_in_props. Warnings:
// orphaned_element, unknown_prop, unknown_function, unknown_root, children_ignored, root_not_html,
// refused_url, insecure_url, missing_alt, unfilled_placeholder.
Result<ParsedSpec> parse_spec(const describe::Json& body, const Budget& budget = {});

// The state paths that a template reads, with a leading slash, sorted, each once: in props,
// visibility and repeats. What a repeat item holds is covered by the path of its array.
const std::vector<std::string>& state_paths_read(const Spec& spec);

// The state paths in a subject or preheader, as far as they are filled; sorted, each once.
std::vector<std::string> state_paths_in(std::string_view text, const Budget& budget = {});

// What is wrong with a text that is shown as it stands but holds ${…} or {{…}}, as if it were a
// template; "" when nothing is.
std::string placeholder_problem(std::string_view literal);

}  // namespace segmentflow::render
