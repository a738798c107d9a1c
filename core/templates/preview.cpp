#include "core/templates/preview.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace segmentflow {
namespace {

using render::Finding;
using render::Severity;

tl::unexpected<Error> render_failed(Error error, std::string_view where) {
  error.code = ErrorCode::RenderFailed;
  if (error.problems.empty()) error.problems.push_back({"", error.message});
  for (auto& problem : error.problems) problem.path = std::string(where) + problem.path;
  return tl::unexpected<Error>(std::move(error));
}

void fill_from(const describe::Json& samples, const char* root, const describe::Json*& value) {
  if (value != nullptr) return;
  if (const auto sample = samples.find(root); sample != samples.end()) value = &*sample;
}

// A finding that the template has already is not told twice.
void add_findings(std::vector<Finding>& findings, std::vector<Finding> more) {
  for (Finding& finding : more) {
    finding.path = "/body" + finding.path;
    const bool is_known = std::ranges::any_of(findings, [&](const Finding& known) {
      return known.code == finding.code && known.path == finding.path;
    });
    if (!is_known) findings.push_back(std::move(finding));
  }
}

void judge_size(Preview& preview) {
  if (preview.html.size() > kClippedHtmlBytes) {
    preview.findings.push_back(
        {"large_html", Severity::Warning, "/body",
         fmt::format("The HTML has {} bytes; Gmail cuts off what is beyond {}.",
                     preview.html.size(), kClippedHtmlBytes)});
  }
  if (preview.text.empty()) {
    preview.findings.push_back({"no_text", Severity::Warning, "/body",
                                "Nothing is left for those who read plain text; say in a Text what "
                                "the pictures show."});
  }
}

}  // namespace

Result<Preview> preview_template(const CompiledTemplate& compiled, render::State state) {
  fill_from(compiled.render_variables, "data", state.data);
  fill_from(compiled.render_variables, "profile", state.profile);
  fill_from(compiled.render_variables, "event", state.event);
  Preview preview;
  preview.findings = compiled.findings;
  for (const auto& path : compiled.paths_read) {
    preview.variables.push_back({path, render::is_missing(compiled.spec.get(), state, path)});
  }
  auto subject = compiled.render_subject(state);
  if (!subject) return render_failed({subject.error().code, subject.error().message}, "/subject");
  preview.subject = std::move(*subject);
  if (!compiled.spec) return preview;
  auto rendered = compiled.render_body(state);
  if (!rendered) return render_failed(std::move(rendered.error()), "/body");
  preview.html = std::move(rendered->html);
  preview.text = std::move(rendered->text);
  add_findings(preview.findings, std::move(rendered->warnings));
  judge_size(preview);
  return preview;
}

}  // namespace segmentflow
