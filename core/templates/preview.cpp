#include "core/templates/preview.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "schemas/describe/utf8.hpp"

namespace segmentflow {
namespace {

using render::Finding;
using render::Severity;

tl::unexpected<Error> render_failed(Error error) {
  error.code = ErrorCode::RenderFailed;
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

// A template without a subject is told so already.
void judge_subject(Preview& preview) {
  if (!describe::shows_nothing(preview.subject)) return;
  const bool is_known = std::ranges::any_of(
      preview.findings, [](const Finding& known) { return known.code == "missing_subject"; });
  if (is_known) return;
  preview.findings.push_back(
      {"empty_subject", Severity::Error, "/subject",
       "The subject shows nothing with these values, and an email without one is refused; put a "
       "word beside them or give the values."});
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
  const auto missing = render::missing_among(compiled.spec.get(), state, compiled.paths_read);
  if (!missing)
    return render_failed(
        {missing.error().code, missing.error().message, {{"", missing.error().message}}});
  for (std::size_t at = 0; at < compiled.paths_read.size(); ++at) {
    preview.variables.push_back({compiled.paths_read[at], (*missing)[at]});
  }
  auto subject = compiled.fill_subject(state);
  if (!subject) {
    const std::string& message = subject.error().message;
    return render_failed({ErrorCode::RenderFailed, message, {{"/subject", message}}});
  }
  preview.subject = std::move(*subject);
  judge_subject(preview);
  if (!compiled.spec) return preview;
  auto rendered = compiled.render_body(state);
  if (!rendered) return render_failed(std::move(rendered.error()));
  preview.html = std::move(rendered->html);
  preview.text = std::move(rendered->text);
  add_findings(preview.findings, std::move(rendered->warnings));
  judge_size(preview);
  return preview;
}

}  // namespace segmentflow
