#include "core/templates/render/evaluator.hpp"

#include "core/templates/render/functions.hpp"
#include "core/templates/render/node.hpp"

namespace segmentflow::render {
namespace {

constexpr std::size_t kMissingPathsMax = 100;
constexpr std::size_t kBytesPerStep = 64;

const Json* root_named(const State& state, std::string_view name) {
  if (name == "data") return state.data;
  if (name == "profile") return state.profile;
  if (name == "event") return state.event;
  if (name == "brand") return state.brand;
  return nullptr;
}

bool compare(Condition::Operator op, const Value& left, const Value& right) {
  if (op == Condition::Operator::Equal) return is_same(left, right);
  if (op == Condition::Operator::NotEqual) return !is_same(left, right);
  if (!left.is(Value::Kind::Number) || !right.is(Value::Kind::Number)) return false;
  switch (op) {
    case Condition::Operator::Greater:
      return left.number > right.number;
    case Condition::Operator::GreaterOrEqual:
      return left.number >= right.number;
    case Condition::Operator::Less:
      return left.number < right.number;
    default:
      return left.number <= right.number;
  }
}

}  // namespace

void Evaluator::spend(std::size_t steps) {
  steps_ += steps;
  if (steps_ > budget_.steps_max) {
    fail_with("Rendering takes more than " + std::to_string(budget_.steps_max) +
              " steps; make the template or its data smaller.");
  }
}

void Evaluator::spend_for(std::size_t bytes) {
  spend(bytes / kBytesPerStep);
}

void Evaluator::check_size(std::size_t bytes) {
  if (bytes > budget_.output_bytes_max) {
    fail_with("The output is larger than " + std::to_string(budget_.output_bytes_max) +
              " bytes; make the template or its data smaller.");
  }
}

void Evaluator::fail_with(std::string message) {
  if (!failure_) failure_ = std::move(message);
}

const Json& Evaluator::whole_model() {
  if (whole_model_ == nullptr) {
    Json model = defaults_;
    for (const std::string_view name : kStateRoots) {
      if (const Json* root = root_named(state_, name)) model[std::string(name)] = *root;
    }
    whole_model_ = &arena_.keep(std::move(model));
  }
  return *whole_model_;
}

Value Evaluator::read_state(const Pointer& pointer) {
  if (pointer.steps.empty()) return value_of(whole_model(), true);
  if (const Json* root = root_named(state_, pointer.steps.front().name)) {
    return look_up(*root, pointer, 1);
  }
  return look_up(defaults_, pointer, 0);
}

Value Evaluator::read_for_prop(const Pointer& pointer) {
  const Value value = read_state(pointer);
  if (value.is(Value::Kind::Undefined) && missing_.size() < kMissingPathsMax) {
    missing_.insert(pointer.text);
  }
  return value;
}

Value Evaluator::evaluate(const Expression& expression, const Scope& scope) {
  spend(1);
  if (has_failed()) return {};
  if (const Json* literal = expression.literal()) return value_of(*literal, false);
  if (const auto* read = std::get_if<Expression::ReadState>(&expression.form)) {
    return read_for_prop(read->pointer);
  }
  if (const auto* text = std::get_if<Expression::Template>(&expression.form)) {
    std::string filled;
    fill(filled, *text);
    Value value = Value::of_text(arena_.keep(std::move(filled)));
    value.from_data = true;
    return value;
  }
  if (const auto* read = std::get_if<Expression::ReadItem>(&expression.form)) {
    if (!scope.item) return {};
    if (read->pointer.steps.empty()) return *scope.item;
    return scope.item->json == nullptr ? Value{} : look_up(*scope.item->json, read->pointer, 0);
  }
  if (std::holds_alternative<Expression::ReadIndex>(expression.form)) {
    return scope.item ? Value::of_number(static_cast<double>(scope.index)) : Value{};
  }
  if (const auto* choice = std::get_if<Expression::Choice>(&expression.form)) {
    return evaluate(choice->branches[holds(choice->condition[0], scope) ? 0 : 1], scope);
  }
  if (const auto* function = std::get_if<Expression::Call>(&expression.form)) {
    return call(*function, scope);
  }
  if (const auto* list = std::get_if<Expression::List>(&expression.form)) {
    return collect(*list, scope);
  }
  if (const auto* members = std::get_if<Expression::Members>(&expression.form)) {
    return collect(*members, scope);
  }
  return {};
}

void Evaluator::fill(std::string& out, const Expression::Template& text) {
  for (const auto& [literal, pointer] : text.pieces) {
    out.append(literal);
    if (pointer) {
      const Value value = read_for_prop(*pointer);
      if (!value.is_nullish()) append_string(out, value);
    }
    check_size(out.size());
    if (has_failed()) return;
  }
  spend(text.pieces.size());
  spend_for(out.size());
}

Value Evaluator::call(const Expression::Call& call, const Scope& scope) {
  std::vector<Argument> arguments;
  arguments.reserve(call.arguments.size());
  for (std::size_t at = 0; at < call.arguments.size(); ++at) {
    arguments.push_back({call.names[at], evaluate(call.arguments[at], scope)});
    if (has_failed()) return {};
  }
  Value value = call_function(call.function, arguments, arena_);
  value.from_data = true;
  spend_for(value.text.size());
  check_size(value.text.size());
  return value;
}

Value Evaluator::collect(const Expression::List& list, const Scope& scope) {
  Json items = Json::array();
  for (const Expression& item : list.items) {
    items.push_back(json_of(evaluate(item, scope)));
    if (has_failed()) return {};
  }
  return value_of(arena_.keep(std::move(items)), true);
}

Value Evaluator::collect(const Expression::Members& members, const Scope& scope) {
  Json object = Json::object();
  for (std::size_t at = 0; at < members.values.size(); ++at) {
    object[members.names[at]] = json_of(evaluate(members.values[at], scope));
    if (has_failed()) return {};
  }
  return value_of(arena_.keep(std::move(object)), true);
}

Style Evaluator::style(const Expression& expression, const Scope& scope) {
  if (const auto* choice = std::get_if<Expression::Choice>(&expression.form)) {
    return style(choice->branches[holds(choice->condition[0], scope) ? 0 : 1], scope);
  }
  if (const auto* members = std::get_if<Expression::Members>(&expression.form)) {
    Style result;
    for (std::size_t at = 0; at < members->values.size(); ++at) {
      result.push_back({members->names[at], evaluate(members->values[at], scope)});
      if (has_failed()) return {};
    }
    return result;
  }
  const Value value = evaluate(expression, scope);
  if (value.is(Value::Kind::Array) || value.is(Value::Kind::String)) {
    fail_with("A style must be an object of CSS properties.");
  }
  if (!value.is(Value::Kind::Object)) return {};
  if (value.json->size() > budget_.style_declarations_max) {
    fail_with("A style may have at most " + std::to_string(budget_.style_declarations_max) +
              " declarations.");
    return {};
  }
  return style_of(*value.json, value.from_data);
}

Value Evaluator::source_of(const Condition& condition, const Scope& scope) {
  switch (condition.source) {
    case Condition::Source::State:
      return read_state(condition.pointer);
    case Condition::Source::Item:
      if (!scope.item || condition.pointer.steps.empty()) return scope.item.value_or(Value{});
      return scope.item->json == nullptr ? Value{}
                                         : look_up(*scope.item->json, condition.pointer, 0);
    case Condition::Source::Index:
      break;
  }
  return scope.item ? Value::of_number(static_cast<double>(scope.index)) : Value{};
}

bool Evaluator::holds(const Condition& condition, const Scope& scope) {
  spend(1);
  if (has_failed()) return false;
  switch (condition.kind) {
    case Condition::Kind::Always:
      return true;
    case Condition::Kind::Never:
      return false;
    case Condition::Kind::All:
      for (const Condition& part : condition.parts) {
        if (!holds(part, scope)) return false;
      }
      return true;
    case Condition::Kind::Any:
      for (const Condition& part : condition.parts) {
        if (holds(part, scope)) return true;
      }
      return false;
    case Condition::Kind::Invalid:
      fail_with("A condition is neither true, false nor an object that tests something.");
      return false;
    case Condition::Kind::Test:
      break;
  }
  const Value left = source_of(condition, scope);
  bool result = false;
  if (condition.op == Condition::Operator::Truthy) {
    result = is_truthy(left);
  } else {
    const Value right = condition.right_in_state ? read_state(*condition.right_in_state)
                                                 : value_of(condition.right, false);
    result = compare(condition.op, left, right);
  }
  return result != condition.negated;
}

}  // namespace segmentflow::render
