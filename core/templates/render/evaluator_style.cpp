// The styles that expressions make.
#include "core/templates/render/escape.hpp"
#include "core/templates/render/evaluator.hpp"
#include "core/templates/render/node.hpp"

namespace segmentflow::render {
namespace {

// Of a declaration: its name, `:` and `;`, and room for a number.
constexpr std::size_t kDeclarationBytes = 40;
// While the attribute is made, its text exists up to three times.
constexpr std::size_t kStyleCopies = 3;
// For each byte, which is looked at for what mail must not carry.
constexpr std::size_t kStyleByteWork = 4;

}  // namespace

// What a style value comes to as text; each byte and item looked at is paid for.
std::size_t Evaluator::style_bytes(const Value& style) {
  if (style.is(Value::Kind::String)) {
    return meter_.spend(style.text.size() * kStyleByteWork) ? escaped_bytes(style.text) : 0;
  }
  std::size_t bytes = kDeclarationBytes;
  if (style.is(Value::Kind::Array)) {
    for (std::size_t at = 0; at < style.size() && meter_.spend(kMemberWork); ++at) {
      bytes += style_bytes(style.item(at));
    }
  } else if (style.is(Value::Kind::Object)) {
    for (std::size_t at = 0; at < style.size() && meter_.spend(kDeclarationWork); ++at) {
      const auto [name, value] = style.member(at);
      bytes += 2 * name.size() + style_bytes(value);
    }
  }
  return bytes;
}

bool Evaluator::pay_for_style(const Value& style) {
  const std::size_t bytes = style_bytes(style);
  if (bytes > budget_.output_bytes_max) {
    fail_with("A style has more than " + std::to_string(budget_.output_bytes_max) +
              " bytes; make it smaller.");
  }
  return meter_.spend(bytes) && meter_.has_room(bytes * kStyleCopies);
}

bool Evaluator::check_declarations(std::size_t count) {
  if (count > budget_.style_declarations_max) {
    fail_with("A style may have at most " + std::to_string(budget_.style_declarations_max) +
              " declarations.");
  }
  // Each declaration is compared with those before it.
  return meter_.spend(count * count * kMemberWork);
}

Style Evaluator::style_of_members(const Expression::Members& members, const Scope& scope) {
  if (!check_declarations(members.values.size())) return {};
  Style result;
  std::size_t bytes = 0;
  for (std::size_t at = 0; at < members.values.size(); ++at) {
    result.push_back({members.names[at], evaluate(members.values[at], scope)});
    bytes += members.names[at].size() + style_bytes(result.back().value);
    if (bytes > budget_.output_bytes_max) {
      fail_with("A style has more than " + std::to_string(budget_.output_bytes_max) +
                " bytes; make it smaller.");
    }
    if (has_failed()) return {};
  }
  const bool pays = meter_.spend(result.size() * kDeclarationWork + bytes) &&
                    meter_.has_room(bytes * kStyleCopies);
  return pays ? result : Style{};
}

Style Evaluator::style(const Expression& expression, const Scope& scope) {
  if (const auto* choice = std::get_if<Expression::Choice>(&expression.form)) {
    return style(choice->branches[holds(choice->condition[0], scope) ? 0 : 1], scope);
  }
  if (!meter_.spend(kDeclarationWork)) return {};
  if (const auto* members = std::get_if<Expression::Members>(&expression.form)) {
    return style_of_members(*members, scope);
  }
  const Value value = evaluate(expression, scope);
  if (value.is(Value::Kind::Array) || value.is(Value::Kind::String)) {
    fail_with("A style must be an object of CSS properties.");
  }
  if (has_failed() || !value.is(Value::Kind::Object)) return {};
  if (!check_declarations(value.size()) || !pay_for_style(value)) return {};
  return style_of(value);
}

}  // namespace segmentflow::render
