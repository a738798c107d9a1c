// Writes Markdown as react-email's Markdown component does: the same tags, attributes and styles.
#pragma once

#include <string>
#include <string_view>

#include "core/templates/render/markdown_source.hpp"
#include "core/templates/render/markdown_style.hpp"
#include "core/templates/render/markdown_tree.hpp"
#include "core/templates/render/plain_text.hpp"

namespace segmentflow::render {

class MarkdownWriter {
 public:
  // `source` gives the values that the document's texts hold; an address, a title or a code block
  // is at most `text_bytes_max` long. `text` is null when no plain text is wanted.
  MarkdownWriter(const MarkdownSource& source, Meter& meter, std::size_t text_bytes_max,
                 Output& html, PlainText* text, const MarkdownStyles& styles);

  void write(const MarkdownNode& document);

  // An address that mail must not carry, and that was left out; "" when there was none.
  const std::string& refused_address() const { return refused_address_; }

 private:
  void write_blocks(const std::vector<MarkdownNode>& nodes, bool in_item);
  void write_inlines(const std::vector<MarkdownNode>& nodes);
  void write_block(const MarkdownNode& node, bool in_item);
  void write_inline(const MarkdownNode& node);
  void write_span(const MarkdownNode& node, std::string_view tag, std::string_view style);
  void write_paragraph(const std::vector<MarkdownNode>& inlines);
  void write_heading(const MarkdownNode& node);
  void write_quote(const MarkdownNode& node);
  void write_code_block(const MarkdownNode& node);
  void write_list(const MarkdownNode& node, bool is_nested);
  void write_item(const MarkdownNode& item);
  void write_table(const MarkdownNode& node);
  void write_row(const MarkdownNode& row);
  void write_text(const std::string& text);
  void write_link(const MarkdownNode& node);
  void write_image(const MarkdownNode& node);
  void open(std::string_view tag, std::string_view style);
  // Writes the address when mail may carry it.
  bool append_address(std::string_view attribute, std::string_view address);
  void append_title(const MarkdownNode& node);
  // Whether there is nothing but values that are empty.
  bool is_empty(const std::vector<MarkdownNode>& inlines);
  bool is_blank(std::string_view text);
  // What a picture shows, or what stands in code, as text.
  void append_text(Output& text, const std::vector<MarkdownNode>& nodes);

  const MarkdownSource& source_;
  Meter& meter_;
  const std::size_t text_bytes_max_;
  Output& html_;
  PlainText* text_;
  const MarkdownStyles& styles_;
  std::string line_break_;
  std::string refused_address_;
};

}  // namespace segmentflow::render
