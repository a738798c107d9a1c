#include "core/templates/render/spec.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "core/templates/render/element_parser.hpp"
#include "core/templates/render/node.hpp"
#include "core/templates/render/tree_check.hpp"

namespace segmentflow::render {
namespace {

tl::unexpected<Error> refuse(std::string path, std::string message) {
  return fail(ErrorCode::ValidationFailed, message, {{std::move(path), message}});
}

// Not a flat spec, or over the budget: nothing can be made of it.
std::optional<tl::unexpected<Error>> check_shape(const Json& body, const Budget& budget) {
  if (!body.is_object()) return refuse("", "The template body must be an object.");
  const auto root = body.find("root");
  if (root != body.end() && !root->is_string() && !root->is_null()) {
    return refuse("/root", "The root of the template body must be the key of an element.");
  }
  const auto elements = body.find("elements");
  if (elements == body.end() || !elements->is_object()) {
    return refuse("/elements", "The template body must have an object of elements.");
  }
  if (elements->size() > budget.elements_max) {
    return refuse("/elements", "The template has more than " + std::to_string(budget.elements_max) +
                                   " elements; use fewer.");
  }
  for (const auto& [key, element] : elements->items()) {
    const std::string path = "/elements/" + escape_step(key);
    if (!element.is_object()) return refuse(path, "An element must be an object.");
    const auto type = element.find("type");
    if (type == element.end() || !type->is_string()) {
      return refuse(path + "/type", "An element must have the name of its component as type.");
    }
  }
  return std::nullopt;
}

std::vector<std::string> sorted_once(std::vector<std::string> paths) {
  std::ranges::sort(paths);
  paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
  return paths;
}

}  // namespace

std::string_view to_string(Severity severity) {
  return severity == Severity::Error ? "Error" : "Warning";
}

bool ParsedSpec::has_errors() const {
  return std::ranges::any_of(
      findings, [](const Finding& finding) { return finding.severity == Severity::Error; });
}

Result<ParsedSpec> parse_spec(const Json& body, const Budget& budget) {
  if (auto refusal = check_shape(body, budget)) return *refusal;
  auto spec = std::make_shared<Spec>();
  ParsedSpec parsed;
  if (const auto state = body.find("state"); state != body.end() && state->is_object()) {
    spec->state = *state;
  }
  const std::string root =
      body.value("root", Json()).is_string() ? body["root"].get<std::string>() : "";
  ElementParser elements(body["elements"], budget, *spec, parsed.findings);
  elements.parse_all();
  spec->root = elements.index_of(root);
  if (auto refusal = check_tree(*spec, root, elements.item_reads(), budget, parsed.findings)) {
    return tl::unexpected<Error>(*refusal);
  }
  spec->paths_read = sorted_once(std::move(spec->paths_read));
  parsed.spec = std::move(spec);
  return parsed;
}

const std::vector<std::string>& state_paths_read(const Spec& spec) {
  return spec.paths_read;
}

std::vector<std::string> state_paths_in(std::string_view text, const Budget& budget) {
  std::vector<std::string> paths;
  for (const auto& piece : parse_template(text, budget.line_values_max).pieces) {
    if (piece.pointer) paths.push_back(piece.pointer->text);
  }
  return sorted_once(std::move(paths));
}

std::string placeholder_problem(std::string_view literal) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 2> kMarks = {
      {{"${", "}"}, {"{{", "}}"}}};
  for (const auto& [open, close] : kMarks) {
    const std::size_t start = literal.find(open);
    if (start == std::string_view::npos) continue;
    const std::size_t end = literal.find(close, start + open.size());
    if (end == std::string_view::npos || end == start + open.size()) continue;
    return std::string(literal.substr(start, end + close.size() - start)) +
           " is shown as it stands. To fill in a value write {\"$template\": \"… ${/data/name} "
           "…\"}; subject and preheader take ${/data/name} directly.";
  }
  return "";
}

}  // namespace segmentflow::render
