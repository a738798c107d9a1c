#include "core/templates/render/evaluator.hpp"

#include "core/templates/render/escape.hpp"
#include "core/templates/render/functions.hpp"
#include "core/templates/render/node.hpp"

namespace segmentflow::render {
namespace {

constexpr std::size_t kMissingPathsMax = 100;
// An entry of the set of missing paths, beside the path.
constexpr std::size_t kMissingPathBytes = 96;

const Json* root_named(const State& state, std::string_view name) {
  if (name == "data") return state.data;
  if (name == "profile") return state.profile;
  if (name == "event") return state.event;
  if (name == "brand") return state.brand;
  return nullptr;
}

}  // namespace

// A view of all roots as one object.
Value Evaluator::whole_model() {
  if (whole_model_) return *whole_model_;
  const auto& defaults = defaults_.get_ref<const Json::object_t&>();
  const std::size_t size = defaults.size() + kStateRoots.size();
  if (!meter_.spend(size * kMemberWork)) return {};
  Container* model = arena_.make_container(size, true);
  if (model == nullptr) return {};
  const auto add = [&](std::string_view name, const Json& value) {
    model->names.push_back(name);
    model->values.push_back(value_of(value, true));
  };
  for (const auto& [name, value] : defaults) {
    const Json* root = root_named(state_, name);
    add(name, root == nullptr ? value : *root);
  }
  for (const std::string_view name : kStateRoots) {
    const Json* root = root_named(state_, name);
    if (root != nullptr && !defaults_.contains(name)) add(name, *root);
  }
  whole_model_ = value_of(*model, Value::Kind::Object);
  return *whole_model_;
}

Value Evaluator::read_state(const Pointer& pointer) {
  if (pointer.steps.empty()) return whole_model();
  if (const Json* root = root_named(state_, pointer.steps.front().name)) {
    return finder_.look_up(*root, pointer, 1);
  }
  return finder_.look_up(defaults_, pointer, 0);
}

Value Evaluator::read_for_prop(const Pointer& pointer) {
  const Value value = read_state(pointer);
  if (!value.is(Value::Kind::Undefined) || missing_.size() >= kMissingPathsMax) return value;
  if (meter_.spend(pointer.text.size()) && !missing_.contains(pointer.text) &&
      meter_.hold(pointer.text.size() + kMissingPathBytes)) {
    missing_.insert(pointer.text);
  }
  return value;
}

Value Evaluator::read_item(const Pointer& pointer, const Scope& scope) {
  if (!scope.item || pointer.steps.empty()) return scope.item.value_or(Value{});
  return scope.item->json == nullptr ? Value{} : finder_.look_up(*scope.item->json, pointer, 0);
}

Value Evaluator::evaluate(const Expression& expression, const Scope& scope) {
  if (!meter_.spend(kExpressionWork)) return {};
  if (const Json* literal = expression.literal()) return value_of(*literal, false);
  if (const auto* read = std::get_if<Expression::ReadState>(&expression.form)) {
    return read_for_prop(read->pointer);
  }
  if (const auto* text = std::get_if<Expression::Template>(&expression.form)) {
    Output filled(meter_, budget_.output_bytes_max);
    fill(filled, *text);
    Value value = Value::of_text(arena_.keep(filled));
    value.from_data = true;
    return value;
  }
  if (const auto* read = std::get_if<Expression::ReadItem>(&expression.form)) {
    return read_item(read->pointer, scope);
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

void Evaluator::fill(Output& out, const Expression::Template& text) {
  for (const auto& [literal, pointer] : text.pieces) {
    if (!meter_.spend(kExpressionWork)) return;
    out.append(literal);
    if (pointer) append_text(out, read_for_prop(*pointer));
  }
}

void Evaluator::append_text(Output& out, const Value& value) {
  if (!append_shown(out, value)) refuse_object(meter_);
}

Value Evaluator::call(const Expression::Call& call, const Scope& scope) {
  const std::size_t bytes = call.arguments.size() * sizeof(Argument);
  if (!meter_.hold(bytes)) return {};
  std::vector<Argument> arguments;
  arguments.reserve(call.arguments.size());
  for (std::size_t at = 0; at < call.arguments.size(); ++at) {
    arguments.push_back({call.names[at], evaluate(call.arguments[at], scope)});
    if (has_failed()) break;
  }
  Value value;
  if (!has_failed()) {
    value = call_function(call.function, arguments, {meter_, arena_, budget_.output_bytes_max});
    value.from_data = true;
  }
  meter_.release(bytes);
  return value;
}

Value Evaluator::collect(const Expression::List& list, const Scope& scope) {
  Container* items = arena_.make_container(list.items.size(), false);
  if (items == nullptr) return {};
  for (const Expression& item : list.items) {
    items->values.push_back(evaluate(item, scope));
    items->values.back().from_data = true;
    if (has_failed()) return {};
  }
  return value_of(*items, Value::Kind::Array);
}

Value Evaluator::collect(const Expression::Members& members, const Scope& scope) {
  Container* object = arena_.make_container(members.values.size(), true);
  if (object == nullptr) return {};
  for (std::size_t at = 0; at < members.values.size(); ++at) {
    object->names.push_back(members.names[at]);
    object->values.push_back(evaluate(members.values[at], scope));
    object->values.back().from_data = true;
    if (has_failed()) return {};
  }
  return value_of(*object, Value::Kind::Object);
}

Value Evaluator::source_of(const Condition& condition, const Scope& scope) {
  switch (condition.source) {
    case Condition::Source::State:
      return read_state(condition.pointer);
    case Condition::Source::Item:
      return read_item(condition.pointer, scope);
    case Condition::Source::Index:
      break;
  }
  return scope.item ? Value::of_number(static_cast<double>(scope.index)) : Value{};
}

bool Evaluator::compare(Condition::Operator op, const Value& left, const Value& right) {
  if (op == Condition::Operator::Equal || op == Condition::Operator::NotEqual) {
    const bool pays = left.text.size() != right.text.size() || meter_.spend(left.text.size());
    return pays && is_same(left, right) == (op == Condition::Operator::Equal);
  }
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

bool Evaluator::all_hold(const std::vector<Condition>& parts, const Scope& scope) {
  for (const Condition& part : parts) {
    if (!holds(part, scope)) return false;
  }
  return true;
}

bool Evaluator::any_holds(const std::vector<Condition>& parts, const Scope& scope) {
  for (const Condition& part : parts) {
    if (holds(part, scope)) return true;
  }
  return false;
}

bool Evaluator::holds(const Condition& condition, const Scope& scope) {
  if (!meter_.spend(kExpressionWork)) return false;
  switch (condition.kind) {
    case Condition::Kind::Always:
      return true;
    case Condition::Kind::Never:
      return false;
    case Condition::Kind::All:
      return all_hold(condition.parts, scope);
    case Condition::Kind::Any:
      return any_holds(condition.parts, scope);
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
