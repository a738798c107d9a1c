// Writes the elements of a spec as HTML and plain text in one pass.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/templates/render/evaluator.hpp"
#include "core/templates/render/node.hpp"
#include "core/templates/render/plain_text.hpp"

namespace segmentflow::render {

// As much of a name, which may be from data, as a warning needs.
std::string_view beginning_of_name(std::string_view name);

class Writer {
 public:
  // `text` is null when no plain text is wanted.
  Writer(const Spec& spec, Evaluator& evaluator, const Budget& budget, Output& html,
         PlainText* text)
      : spec_(spec),
        evaluator_(evaluator),
        budget_(budget),
        html_(html),
        text_(text),
        scratch_(evaluator.meter(), budget.output_bytes_max) {}

  void write_document(std::string_view preheader);

  // Where the evaluation failed: a JSON Pointer into the body.
  const std::string& failed_path() const { return failed_path_; }
  std::vector<Finding> take_warnings() { return std::move(warnings_); }

 private:
  // Tells of an element once per repeat item whether it is shown, and shows it.
  void write_node(std::uint32_t at, const Scope& scope, std::size_t depth);
  bool is_shown(const Node& node, const Scope& scope);
  void repeat(const Node& node, const Scope& scope, std::size_t depth);
  void write_component(const Node& node, const Scope& outer, const Scope& inner, std::size_t depth);
  void write_children(const Node& node, const Scope& scope, std::size_t depth);

  void write_html(const Node& node, const Scope& outer, const Scope& inner, std::size_t depth);
  void write_head(const Node& node, const Scope& scope, std::size_t depth);
  void write_body_cell(const Node& node, const Scope& outer, const Scope& inner, std::size_t depth);
  void write_cell_table(const Node& node, std::string_view style, const Scope& scope,
                        std::size_t depth, std::string_view before, std::string_view after);
  void write_row(const Node& node, std::string_view style, const Scope& scope, std::size_t depth);
  void write_column(const Node& node, std::string_view style, const Scope& scope,
                    std::size_t depth);
  void write_heading(const Node& node, std::string_view style, const Scope& scope);
  void write_paragraph(const Node& node, std::string_view style, const Scope& scope);
  void write_link(const Node& node, const Markup& markup, const Scope& scope);
  void write_image(const Node& node, std::string_view style, const Scope& scope);
  void write_preview(const Node& node, const Scope& scope);
  void write_markdown(const Node& node, std::string_view style, const Scope& scope);
  void append_preview(std::string_view text);

  const Markup& markup_of(const Node& node, const Scope& scope, Markup& scratch);
  void write_label(const Node& node, const Scope& scope);
  void write_template(const Expression::Template& text);
  void append_label_text(const Value& value);
  void append_attribute(std::string_view name, const Expression& expression, const Scope& scope,
                        const Node& node);
  std::string_view append_address(std::string_view name, const Node& node, const Scope& scope);

  void open_block(int breaks) {
    if (text_ != nullptr) text_->open_block(breaks);
  }
  void close_block(int breaks) {
    if (text_ != nullptr) text_->close_block(breaks);
  }
  bool stop(const Node& node, std::string_view where);
  void warn(const Node& node, std::string code, std::string_view where, std::string what);

  const Spec& spec_;
  Evaluator& evaluator_;
  const Budget& budget_;
  Output& html_;
  PlainText* text_;
  std::string_view preheader_;
  Output scratch_;
  std::size_t repeat_items_ = 0;
  std::string failed_path_;
  std::vector<Finding> warnings_;
};

}  // namespace segmentflow::render
