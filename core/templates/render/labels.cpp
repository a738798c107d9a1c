// What elements say: the text of a paragraph, a heading, a link or a button.
#include "core/templates/render/escape.hpp"
#include "core/templates/render/functions.hpp"
#include "core/templates/render/lines.hpp"
#include "core/templates/render/writer.hpp"

namespace segmentflow::render {
namespace {

constexpr std::string_view kLineBreak = "<br/>";

// What looking at an item costs; where nobody counts, nothing.
bool pay_for_item(Output& out) {
  return out.spend(kMemberWork);
}
bool pay_for_item(std::string&) {
  return true;
}

template <class Text>
bool append_child(Text& out, const Value& value) {
  switch (value.kind) {
    case Value::Kind::String:
      if (value.from_data) {
        append_html_lines(out, value.text, kLineBreak);
      } else {
        append_html(out, value.text);
      }
      return true;
    case Value::Kind::Number:
      out.append(value.number.text());
      return true;
    case Value::Kind::Array:
      for (std::size_t at = 0; at < value.size() && pay_for_item(out); ++at) {
        if (!append_child(out, value.item(at))) return false;
      }
      return true;
    case Value::Kind::Object:
      return false;
    default:
      return true;
  }
}

}  // namespace

bool append_child_html(std::string& out, const Value& value) {
  return append_child(out, value);
}

bool append_child_html(Output& out, const Value& value) {
  return append_child(out, value);
}

void Writer::write_label(const Node& node, const Scope& scope) {
  if (const Json* literal = node.text.literal()) {
    if (!node.text_html) refuse_object(evaluator_.meter());
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
  if (!append_child_html(html_, value)) refuse_object(evaluator_.meter());
  if (stop(node, "/props/text")) return;
  if (text_ != nullptr) append_label_text(value);
}

// Lines of a value stay lines; those of the template's own text are one paragraph.
void Writer::write_template(const Expression::Template& text) {
  for (const auto& [literal, pointer] : text.pieces) {
    if (!evaluator_.meter().spend(kExpressionWork)) return;
    append_html(html_, literal);
    if (text_ != nullptr) text_->add(literal);
    if (!pointer) continue;
    scratch_.clear();
    if (!append_shown(scratch_, evaluator_.read_for_prop(*pointer))) {
      refuse_object(evaluator_.meter());
    }
    append_html_lines(html_, scratch_.view(), kLineBreak);
    if (text_ != nullptr) text_->add_lines(scratch_.view());
  }
}

void Writer::append_label_text(const Value& value) {
  if (value.is(Value::Kind::String) && value.from_data) {
    text_->add_lines(value.text);
  } else if (value.is(Value::Kind::String)) {
    text_->add(value.text);
  } else if (value.is(Value::Kind::Number)) {
    text_->add(value.number.text());
  } else if (value.is(Value::Kind::Array)) {
    for (std::size_t at = 0; at < value.size() && !evaluator_.has_failed(); ++at) {
      append_label_text(value.item(at));
    }
  }
}

}  // namespace segmentflow::render
