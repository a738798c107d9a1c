// What elements say: the text of a paragraph, a heading, a link or a button.
#include "core/templates/render/escape.hpp"
#include "core/templates/render/lines.hpp"
#include "core/templates/render/writer.hpp"

namespace segmentflow::render {
namespace {

constexpr std::string_view kLineBreak = "<br/>";

}  // namespace

bool append_child_html(std::string& out, const Value& value) {
  switch (value.kind) {
    case Value::Kind::String:
      if (value.from_data) {
        append_html_lines(out, value.text, kLineBreak);
      } else {
        append_html(out, value.text);
      }
      return true;
    case Value::Kind::Number:
      append_number(out, value.number);
      return true;
    case Value::Kind::Array:
      for (const Json& item : *value.json) {
        if (!append_child_html(out, value_of(item, value.from_data))) return false;
      }
      return true;
    case Value::Kind::Object:
      return false;
    default:
      return true;
  }
}

void Writer::write_label(const Node& node, const Scope& scope) {
  if (const Json* literal = node.text.literal()) {
    if (!node.text_html) evaluator_.fail_with("An object cannot be shown as text.");
    if (stop(node, "/props/text")) return;
    html_.append(*node.text_html);
    if (text_ != nullptr) append_label_text(value_of(*literal, false));
    return;
  }
  if (const auto* text = std::get_if<Expression::Template>(&node.text.form)) {
    write_template(*text);
    stop(node, "/props/text");
    return;
  }
  const Value value = evaluator_.evaluate(node.text, scope);
  const std::size_t before = html_.size();
  if (!append_child_html(html_, value)) evaluator_.fail_with("An object cannot be shown as text.");
  evaluator_.spend_for(html_.size() - before);
  if (stop(node, "/props/text")) return;
  if (text_ != nullptr) append_label_text(value);
}

// Lines of a value stay lines; those of the template's own text are one paragraph.
void Writer::write_template(const Expression::Template& text) {
  const std::size_t before = html_.size();
  for (const auto& [literal, pointer] : text.pieces) {
    append_html(html_, literal);
    if (text_ != nullptr) text_->add(literal);
    if (pointer) {
      scratch_.clear();
      const Value value = evaluator_.read_for_prop(*pointer);
      if (!value.is_nullish()) append_string(scratch_, value);
      append_html_lines(html_, scratch_, kLineBreak);
      if (text_ != nullptr) text_->add_lines(scratch_);
    }
    evaluator_.check_size(html_.size() - before);
    if (evaluator_.has_failed()) return;
  }
  evaluator_.spend(text.pieces.size());
  evaluator_.spend_for(html_.size() - before);
}

void Writer::append_label_text(const Value& value) {
  if (value.is(Value::Kind::String) && value.from_data) {
    text_->add_lines(value.text);
  } else if (value.is(Value::Kind::String)) {
    text_->add(value.text);
  } else if (value.is(Value::Kind::Number)) {
    scratch_.clear();
    append_number(scratch_, value.number);
    text_->add(scratch_);
  } else if (value.is(Value::Kind::Array)) {
    for (const Json& item : *value.json) append_label_text(value_of(item, value.from_data));
  }
}

}  // namespace segmentflow::render
