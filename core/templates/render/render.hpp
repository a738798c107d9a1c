// Rendering of a parsed template to HTML and plain text.
//
// Everything that comes from data is escaped for where it lands; see escape.hpp for the rules of
// links and styles. What is left out for safety is named in Rendered::warnings. The output has the
// same parsed tree as json-render's react-email renderer, without React's marker comments.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/templates/render/spec.hpp"

namespace segmentflow::render {

// The model that paths point into. A root that is null is absent; then the template's own `state`
// counts.
struct State {
  const describe::Json* data = nullptr;     // /data: what the request gave
  const describe::Json* profile = nullptr;  // /profile: durable properties of the Profile
  const describe::Json* event = nullptr;    // /event: what the event gave
  const describe::Json* brand = nullptr;    // /brand: the Brand Kit's values
};

// The roots of the model, which State fills.
inline constexpr std::array<std::string_view, 4> kStateRoots = {"data", "profile", "event",
                                                                "brand"};
bool is_state_root(std::string_view name);

struct Rendered {
  std::string html;
  std::string text;                        // empty when only HTML was asked for
  std::vector<std::string> missing_paths;  // read for a prop but undefined; sorted, at most 100
  std::vector<Finding> warnings;  // what was left out or is doubtful in this rendering; at most 100
  std::size_t work = 0;           // what it cost, in the units of Budget::work_max
};

enum class Parts { HtmlAndText, Html };

// Renders `spec`. `preheader` is the final text that mail clients show after the subject; it is
// used when it is not empty and the template has no Preview of its own. Errors (ValidationFailed;
// callers record it as RenderFailed): a value that cannot be shown where it stands, with the path
// of the prop; or a limit of the budget.
Result<Rendered> render(const Spec& spec, const State& state, std::string_view preheader = {},
                        const Budget& budget = {}, Parts parts = Parts::HtmlAndText);

// For each of the paths, in their order, whether nothing is there: neither in the state nor in the
// defaults of `spec` (null: none). ValidationFailed when looking takes more than the budget.
Result<std::vector<bool>> missing_among(const Spec* spec, const State& state,
                                        std::span<const std::string> paths,
                                        const Budget& budget = {});

// Fills the ${/path} parts of a text of one line, a subject or preheader; what is beyond
// `line_values_max` of them stays as it stands. null and undefined become nothing. What is beyond
// `line_bytes_max` is left out: readers are shown less. Errors: ValidationFailed when a value is an
// array or object. The result may hold line breaks from data: who writes headers must refuse them.
Result<std::string> render_template_string(std::string_view text, const State& state,
                                           const Budget& budget = {});

}  // namespace segmentflow::render
