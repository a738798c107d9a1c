#include "core/templates/render/markdown_content.hpp"

#include <algorithm>
#include <utility>

#include "core/templates/render/functions.hpp"

namespace segmentflow::render {
namespace {

constexpr std::size_t kValueBytes = 64;  // of a value, beside its text

const Expression* argument(const Expression::Call& call, std::string_view name, Meter& meter) {
  if (!meter.spend(call.names.size())) return nullptr;
  const auto found = std::ranges::find(call.names, name);
  return found == call.names.end()
             ? nullptr
             : &call.arguments[static_cast<std::size_t>(found - call.names.begin())];
}

}  // namespace

void MarkdownContent::add(const Expression& content) {
  if (add_composed(content, &MarkdownContent::add)) return;
  const Value value = evaluator_.evaluate(content, scope_);
  if (!value.is(Value::Kind::String)) {
    return evaluator_.fail_with("The content of Markdown must be a string.");
  }
  if (std::holds_alternative<Expression::Call>(content.form)) {
    source_.add_value(value.text);
  } else {
    source_.add_markdown(value.text);
  }
  check();
}

void MarkdownContent::add_part(const Expression& part) {
  if (add_composed(part, &MarkdownContent::add_part)) return;
  const Value value = evaluator_.evaluate(part, scope_);
  if (part.literal() != nullptr && value.is(Value::Kind::String)) {
    source_.add_markdown(value.text);
    return check();
  }
  add_value(value);
}

// Adds what is made of parts; false when `expression` is not.
bool MarkdownContent::add_composed(const Expression& expression,
                                   void (MarkdownContent::*add)(const Expression&)) {
  if (evaluator_.has_failed()) return true;
  if (const auto* text = std::get_if<Expression::Template>(&expression.form)) {
    add_template(*text);
    return true;
  }
  if (const auto* choice = std::get_if<Expression::Choice>(&expression.form)) {
    const bool holds = evaluator_.holds(choice->condition[0], scope_);
    (this->*add)(choice->branches[holds ? 0 : 1]);
    return true;
  }
  const auto* call = std::get_if<Expression::Call>(&expression.form);
  if (call == nullptr) return false;
  if (call->function == Function::Concat) {
    for (const Expression& part : call->arguments) add_part(part);
    return true;
  }
  if (call->function == Function::Default) {
    const Expression* value = argument(*call, "value", evaluator_.meter());
    const Expression* fallback = argument(*call, "fallback", evaluator_.meter());
    if (value == nullptr || fallback == nullptr) return false;
    const Value given = evaluator_.evaluate(*value, scope_);
    const bool is_empty =
        given.is_nullish() || (given.is(Value::Kind::String) && given.text.empty());
    (this->*add)(is_empty ? *fallback : *value);
    return true;
  }
  if (call->function == Function::Join && argument(*call, "value", evaluator_.meter()) != nullptr) {
    add_joined(*call);
    return true;
  }
  return false;
}

void MarkdownContent::add_template(const Expression::Template& text) {
  for (const auto& [literal, pointer] : text.pieces) {
    source_.add_markdown(literal);
    if (pointer) add_value(evaluator_.read_for_prop(*pointer));
    check();
    if (evaluator_.has_failed()) return;
  }
}

// As the function join, which gives nothing when there is no array.
void MarkdownContent::add_joined(const Expression::Call& call) {
  const Expression* given = argument(call, "value", evaluator_.meter());
  if (given == nullptr) return;
  const Expression& items = *given;
  const Expression* separator = argument(call, "separator", evaluator_.meter());
  bool is_first = true;
  const auto separate = [&] {
    if (std::exchange(is_first, false)) return;
    if (separator == nullptr) {
      source_.add_markdown(", ");
    } else {
      add_part(*separator);
    }
  };
  if (const auto* list = std::get_if<Expression::List>(&items.form)) {
    for (const Expression& item : list->items) {
      separate();
      add_part(item);
      if (evaluator_.has_failed()) return;
    }
    return;
  }
  const Value array = evaluator_.evaluate(items, scope_);
  if (!array.is(Value::Kind::Array)) return;
  const bool is_literal = items.literal() != nullptr;
  for (std::size_t at = 0; at < array.size(); ++at) {
    const Value item = array.item(at);
    separate();
    if (is_literal && item.is(Value::Kind::String)) {
      source_.add_markdown(item.text);
    } else {
      add_value(item);
    }
    check();
    if (evaluator_.has_failed()) return;
  }
}

void MarkdownContent::add_value(const Value& value) {
  Output text(evaluator_.meter(), evaluator_.text_bytes_max());
  if (!append_shown(text, value)) refuse_object(evaluator_.meter());
  source_.add_value(text.view());
  check();
}

void MarkdownContent::check() {
  Meter& meter = evaluator_.meter();
  // The text, the values in it and their list; each exists twice while it grows.
  const std::size_t bytes = 3 * source_.size_bytes() + kValueBytes * ++steps_;
  meter.spend(kExpressionWork + bytes - std::min(bytes, held_bytes_));
  if (bytes > held_bytes_ && meter.hold(bytes - held_bytes_)) held_bytes_ = bytes;
  if (source_.size_bytes() > evaluator_.text_bytes_max()) {
    meter.fail_with("The Markdown is larger than " + std::to_string(evaluator_.text_bytes_max()) +
                    " bytes; make the template or its data smaller.");
  }
  if (source_.has_too_many_values()) {
    meter.fail_with("The Markdown has more than " + std::to_string(MarkdownSource::kValuesMax) +
                    " values; make the template or its data smaller.");
  }
}

}  // namespace segmentflow::render
