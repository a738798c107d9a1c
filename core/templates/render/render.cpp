#include "core/templates/render/render.hpp"

#include <algorithm>

#include "core/templates/render/evaluator.hpp"
#include "core/templates/render/node.hpp"
#include "core/templates/render/writer.hpp"

namespace segmentflow::render {
namespace {

// Most messages are smaller; larger ones grow.
constexpr std::size_t kUsualHtmlBytes = 16 << 10;

const Json& no_defaults() {
  static const Json none = Json::object();
  return none;
}

}  // namespace

bool is_state_root(std::string_view name) {
  return std::ranges::find(kStateRoots, name) != kStateRoots.end();
}

Result<Rendered> render(const Spec& spec, const State& state, std::string_view preheader,
                        const Budget& budget, Parts parts) {
  Rendered rendered;
  rendered.html.reserve(kUsualHtmlBytes);
  Evaluator evaluator(state, spec.state, budget);
  PlainText text;
  Writer writer(spec, evaluator, budget, rendered.html,
                parts == Parts::HtmlAndText ? &text : nullptr);
  writer.write_document(spec.has_preview ? std::string_view{} : preheader);
  if (evaluator.has_failed()) {
    return fail(ErrorCode::ValidationFailed,
                "The template could not be rendered at " + writer.failed_path() + ": " +
                    evaluator.failure(),
                {{writer.failed_path(), evaluator.failure()}});
  }
  rendered.text = text.take();
  rendered.missing_paths = evaluator.missing_paths();
  rendered.warnings = writer.take_warnings();
  return rendered;
}

bool is_missing(const Spec* spec, const State& state, std::string_view path) {
  const Budget budget;
  Evaluator evaluator(state, spec == nullptr ? no_defaults() : spec->state, budget);
  return evaluator.read_state(parse_pointer(path)).is(Value::Kind::Undefined);
}

Result<std::string> render_template_string(std::string_view text, const State& state,
                                           const Budget& budget) {
  Evaluator evaluator(state, no_defaults(), budget);
  std::string out;
  for (const auto& [literal, pointer] : parse_template(text).pieces) {
    out.append(literal);
    if (pointer) {
      const Value value = evaluator.read_state(*pointer);
      if (value.is(Value::Kind::Array) || value.is(Value::Kind::Object)) {
        const std::string message =
            "The value at " + pointer->text + " is an array or object and cannot stand in a text.";
        return fail(ErrorCode::ValidationFailed, message, {{pointer->text, message}});
      }
      if (!value.is_nullish()) append_string(out, value);
    }
    evaluator.check_size(out.size());
    if (evaluator.has_failed()) return fail(ErrorCode::ValidationFailed, evaluator.failure());
  }
  return out;
}

}  // namespace segmentflow::render
