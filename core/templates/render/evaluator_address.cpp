// Addresses that are put together: a value within one must not end its part of it or add another,
// so it is percent-encoded (RFC 3986 §2.1). The value at the very start may be a whole address.
#include <array>

#include "core/templates/render/escape.hpp"
#include "core/templates/render/evaluator.hpp"
#include "core/templates/render/functions.hpp"

namespace segmentflow::render {
namespace {

using Call = Expression::Call;

// The argument's expression; null when it is not given.
const Expression* argument_of(const Call& call, std::string_view name, Meter& meter) {
  if (!meter.spend(call.names.size())) return nullptr;
  for (std::size_t at = 0; at < call.names.size(); ++at) {
    if (call.names[at] == name) return &call.arguments[at];
  }
  return nullptr;
}

// Whether an expression puts a text together of which parts may be values.
bool builds_text(const Expression& expression) {
  if (std::holds_alternative<Expression::Template>(expression.form)) return true;
  const auto* call = std::get_if<Call>(&expression.form);
  return call != nullptr &&
         (call->function == Function::Concat || call->function == Function::Join);
}

bool changes_case(const Call& call) {
  return call.function == Function::Upper || call.function == Function::Lower;
}

bool is_empty(const Value& value) {
  return value.is_nullish() || (value.is(Value::Kind::String) && value.text.empty());
}

}  // namespace

Value Evaluator::address(const Expression& expression, const Scope& scope) {
  if (const auto* choice = std::get_if<Expression::Choice>(&expression.form)) {
    if (!meter_.spend(kExpressionWork)) return {};
    return address(choice->branches[holds(choice->condition[0], scope) ? 0 : 1], scope);
  }
  const auto* call = std::get_if<Call>(&expression.form);
  if (call != nullptr && call->function == Function::Default) {
    const Expression* value = argument_of(*call, "value", meter_);
    const Expression* fallback = argument_of(*call, "fallback", meter_);
    const Value given = value == nullptr ? Value{} : address(*value, scope);
    return is_empty(given) && fallback != nullptr ? address(*fallback, scope) : given;
  }
  if (call != nullptr && changes_case(*call)) return address_in_case(*call, scope);
  if (!builds_text(expression)) return evaluate(expression, scope);
  Output built(meter_, budget_.output_bytes_max);
  append_address(built, expression, scope);
  Value value = Value::of_text(arena_.keep(built));
  value.from_data = true;
  return value;
}

Value Evaluator::address_in_case(const Call& function, const Scope& scope) {
  const Expression* given = argument_of(function, "value", meter_);
  const std::array<Argument, 1> argument = {
      {{"value", given == nullptr ? Value{} : address(*given, scope)}}};
  Value value =
      call_function(function.function, argument, {meter_, arena_, budget_.output_bytes_max});
  value.from_data = true;
  return value;
}

void Evaluator::append_address(Output& out, const Expression& expression, const Scope& scope) {
  if (!meter_.spend(kExpressionWork)) return;
  if (const auto* choice = std::get_if<Expression::Choice>(&expression.form)) {
    return append_address(out, choice->branches[holds(choice->condition[0], scope) ? 0 : 1], scope);
  }
  if (const auto* text = std::get_if<Expression::Template>(&expression.form)) {
    for (const auto& [literal, pointer] : text->pieces) {
      if (!meter_.spend(kExpressionWork)) return;
      out.append(literal);
      if (pointer) append_part(out, read_for_prop(*pointer));
    }
  } else if (const Json* literal = expression.literal()) {
    append_text(out, value_of(*literal, false));
  } else if (const auto* call = std::get_if<Call>(&expression.form)) {
    append_address_call(out, *call, scope);
  } else {
    append_part(out, evaluate(expression, scope));
  }
}

void Evaluator::append_address_call(Output& out, const Call& function, const Scope& scope) {
  if (function.function == Function::Concat) {
    for (const Expression& argument : function.arguments) append_address(out, argument, scope);
  } else if (function.function == Function::Join) {
    append_joined_address(out, function, scope);
  } else if (function.function == Function::Default) {
    const std::size_t before = out.size();
    const Expression* value = argument_of(function, "value", meter_);
    const Expression* fallback = argument_of(function, "fallback", meter_);
    if (value != nullptr) append_address(out, *value, scope);
    if (out.size() == before && fallback != nullptr) append_address(out, *fallback, scope);
  } else if (out.empty() && changes_case(function)) {
    append_text(out, address_in_case(function, scope));
  } else {
    append_part(out, call(function, scope));
  }
}

void Evaluator::append_joined_address(Output& out, const Call& function, const Scope& scope) {
  const Expression* given = argument_of(function, "value", meter_);
  const Expression* between = argument_of(function, "separator", meter_);
  const std::array<Argument, 1> separator_given = {
      {{"separator", between == nullptr ? Value{} : evaluate(*between, scope)}}};
  const auto separator = separator_of(separator_given);
  if (!separator) refuse_object(meter_);
  if (given == nullptr || has_failed()) return;
  const bool is_from_template = between == nullptr || between->literal() != nullptr;
  const auto separate = [&] {
    if (is_from_template) {
      out.append(*separator);
    } else {
      append_part(out, Value::of_text(*separator));
    }
  };
  if (const auto* list = std::get_if<Expression::List>(&given->form)) {
    for (std::size_t at = 0; at < list->items.size() && !has_failed(); ++at) {
      if (at > 0) separate();
      append_address(out, list->items[at], scope);
    }
    return;
  }
  const Value items = evaluate(*given, scope);
  if (items.is(Value::Kind::Object)) refuse_object(meter_);
  if (!items.is(Value::Kind::Array)) return;
  for (std::size_t at = 0; at < items.size() && meter_.spend(kMemberWork); ++at) {
    if (at > 0) separate();
    if (items.from_data) {
      append_part(out, items.item(at));
    } else {
      append_text(out, items.item(at));
    }
  }
}

void Evaluator::append_part(Output& out, const Value& value) {
  Output part(meter_, budget_.output_bytes_max);
  append_text(part, value);
  append_address_part(out, part.view());
}

}  // namespace segmentflow::render
