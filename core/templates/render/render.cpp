#include "core/templates/render/render.hpp"

#include <algorithm>
#include <new>
#include <stdexcept>

#include "core/templates/render/escape.hpp"
#include "core/templates/render/evaluator.hpp"
#include "core/templates/render/node.hpp"
#include "core/templates/render/writer.hpp"
#include "schemas/describe/utf8.hpp"

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

namespace {

// What a rendering comes to when it ran out of the machine's memory: an error of its own, as any
// limit.
tl::unexpected<Error> out_of_memory() {
  return fail(ErrorCode::ValidationFailed,
              "Rendering found no more memory; make the template or its data smaller.");
}

Result<Rendered> render_within(const Spec& spec, const State& state, std::string_view preheader,
                               const Budget& budget, Parts parts) {
  Meter meter(budget);
  Output html(meter, budget.output_bytes_max);
  html.reserve(std::min(kUsualHtmlBytes, budget.output_bytes_max));
  Evaluator evaluator(state, spec.state, budget, meter);
  PlainText text(meter, budget.output_bytes_max);
  Writer writer(spec, evaluator, budget, html, parts == Parts::HtmlAndText ? &text : nullptr);
  writer.write_document(spec.has_preview ? std::string_view{} : preheader);
  if (meter.has_failed()) {
    return fail(
        ErrorCode::ValidationFailed,
        "The template could not be rendered at " + writer.failed_path() + ": " + meter.failure(),
        {{writer.failed_path(), meter.failure()}});
  }
  Rendered rendered;
  rendered.html = html.take();
  rendered.text = without_controls(text.take());
  rendered.missing_paths = evaluator.missing_paths();
  rendered.warnings = writer.take_warnings();
  rendered.work = meter.work();
  return rendered;
}

}  // namespace

Result<Rendered> render(const Spec& spec, const State& state, std::string_view preheader,
                        const Budget& budget, Parts parts) {
  try {
    return render_within(spec, state, preheader, budget, parts);
  } catch (const std::bad_alloc&) {
    return out_of_memory();
  } catch (const std::length_error&) {
    return out_of_memory();
  }
}

Result<std::vector<bool>> missing_among(const Spec* spec, const State& state,
                                        std::span<const std::string> paths, const Budget& budget) {
  Meter meter(budget);
  Evaluator evaluator(state, spec == nullptr ? no_defaults() : spec->state, budget, meter);
  std::vector<bool> missing;
  missing.reserve(paths.size());
  for (const std::string& path : paths) {
    if (!meter.spend(path.size())) break;
    missing.push_back(evaluator.read_state(parse_pointer(path)).is(Value::Kind::Undefined));
  }
  if (meter.has_failed()) return fail(ErrorCode::ValidationFailed, meter.failure());
  return missing;
}

Result<std::string> render_template_string(std::string_view text, const State& state,
                                           const Budget& budget) {
  Meter meter(budget);
  Evaluator evaluator(state, no_defaults(), budget, meter);
  std::string out;
  const auto append = [&](std::string_view part) {
    const std::size_t room = budget.line_bytes_max - out.size();
    out.append(describe::utf8_beginning(part, room));
  };
  for (const auto& [literal, pointer] : parse_template(text, budget.line_values_max).pieces) {
    append(literal);
    if (!pointer) continue;
    const Value value = evaluator.read_state(*pointer);
    if (meter.has_failed()) return fail(ErrorCode::ValidationFailed, meter.failure());
    if (value.is(Value::Kind::Array) || value.is(Value::Kind::Object)) {
      const std::string message =
          "The value at " + pointer->text + " is an array or object and cannot stand in a text.";
      return fail(ErrorCode::ValidationFailed, message, {{pointer->text, message}});
    }
    if (value.is(Value::Kind::String)) {
      append(value.text);
    } else if (!value.is_nullish()) {
      append(value.is(Value::Kind::Boolean) ? (value.boolean ? "true" : "false")
                                            : value.number.text());
    }
  }
  return out;
}

}  // namespace segmentflow::render
