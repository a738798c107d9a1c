// The content of a Markdown component: what the template itself says is Markdown, what is put into
// it is text.
#pragma once

#include "core/templates/render/evaluator.hpp"
#include "core/templates/render/markdown_source.hpp"

namespace segmentflow::render {

// Literals are Markdown, alone, around the values of a $template, as arguments of concat and join,
// as branches and fallbacks. Values that stand among them are text. A value that is the content as
// a whole ({"$state": "/data/notes"}, {"$item": ...}) is Markdown: the template hands the block
// over to it. What the other functions make is text.
class MarkdownContent {
 public:
  MarkdownContent(Evaluator& evaluator, const Scope& scope, MarkdownSource& source)
      : evaluator_(evaluator), scope_(scope), source_(source) {}
  ~MarkdownContent() { evaluator_.meter().release(held_bytes_); }
  MarkdownContent(const MarkdownContent&) = delete;
  MarkdownContent& operator=(const MarkdownContent&) = delete;

  // Adds the content. The evaluator fails when it is no string, or over the budget.
  void add(const Expression& content);

 private:
  void add_part(const Expression& part);
  bool add_composed(const Expression& expression, void (MarkdownContent::*add)(const Expression&));
  void add_template(const Expression::Template& text);
  void add_joined(const Expression::Call& call);
  void add_value(const Value& value);
  void check();

  Evaluator& evaluator_;
  const Scope& scope_;
  MarkdownSource& source_;
  std::size_t steps_ = 0;
  std::size_t held_bytes_ = 0;  // by the source, given back at the end of this
};

}  // namespace segmentflow::render
