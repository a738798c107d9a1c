// A dry rendering of a template: what a send would look like, and what is doubtful about it.
#pragma once

#include <string>
#include <vector>

#include "core/templates/compiled.hpp"

namespace segmentflow {

// Gmail cuts longer messages off and hides the rest.
inline constexpr std::size_t kClippedHtmlBytes = 102 * 1024;

struct PreviewVariable {
  std::string path;
  bool is_missing = false;  // the state has nothing there
};

struct Preview {
  std::string subject;
  std::string html;
  std::string text;
  std::vector<PreviewVariable> variables;  // all paths that the template reads
  // The template's own findings, then those of this rendering: refused_url, refused_style,
  // unknown_level, insecure_url, large_html, no_text.
  std::vector<render::Finding> findings;
};

// Renders whatever can be rendered; data, profile and event that `state` lacks are taken from the
// definition's renderVariables, and any root from its body's state after that. RenderFailed, with a
// path into the definition, for a value that cannot stand where it is used and for a limit of the
// budget.
Result<Preview> preview_template(const CompiledTemplate& compiled, render::State state);

}  // namespace segmentflow
