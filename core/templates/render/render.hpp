// Rendering of a parsed template to HTML and plain text.
//
// Everything that comes from data is escaped for where it lands; see escape.hpp for the rules of
// links and styles. What is left out for safety is named in Rendered::warnings. The output has the
// same parsed tree as json-render's react-email renderer, without React's marker comments.
#pragma once

#include <array>
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
};

enum class Parts { HtmlAndText, Html };

// Renders `spec`. `preheader` is the final text that mail clients show after the subject; it is
// used when it is not empty and the template has no Preview of its own. Errors (ValidationFailed;
// callers record it as RenderFailed): a value that cannot be shown where it stands, with the path
// of the prop; or a limit of the budget.
Result<Rendered> render(const Spec& spec, const State& state, std::string_view preheader = {},
                        const Budget& budget = {}, Parts parts = Parts::HtmlAndText);

// Whether nothing is at the path, neither in the state nor in the defaults of `spec` (null: none).
bool is_missing(const Spec* spec, const State& state, std::string_view path);

// Fills the ${/path} parts of a subject or preheader. null and undefined become nothing.
// Errors: ValidationFailed when a value is an array or object, or the result is over
// `output_bytes_max`. The result may hold line breaks from data: who writes headers must refuse
// them.
Result<std::string> render_template_string(std::string_view text, const State& state,
                                           const Budget& budget = {});

}  // namespace segmentflow::render
