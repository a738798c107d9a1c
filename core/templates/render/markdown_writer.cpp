#include "core/templates/render/markdown_writer.hpp"

#include <algorithm>

#include "core/templates/render/escape.hpp"
#include "core/templates/render/lines.hpp"

namespace segmentflow::render {
namespace {

using Kind = MarkdownNode::Kind;

bool is_block(const MarkdownNode& node) {
  switch (node.kind) {
    case Kind::Emphasis:
    case Kind::Strong:
    case Kind::Strike:
    case Kind::Code:
    case Kind::Link:
    case Kind::Image:
    case Kind::Text:
    case Kind::Entity:
    case Kind::Break:
      return false;
    default:
      return true;
  }
}

std::string item_prefix(const MarkdownNode& list, std::size_t at, bool is_nested) {
  std::string prefix = list.kind == Kind::BulletList
                           ? std::string(" * ")
                           : " " + std::to_string(list.number + at) + ". ";
  if (is_nested) prefix.erase(0, 1);
  return prefix;
}

}  // namespace

MarkdownWriter::MarkdownWriter(const MarkdownSource& source, Meter& meter,
                               std::size_t text_bytes_max, Output& html, PlainText* text,
                               const MarkdownStyles& styles)
    : source_(source),
      meter_(meter),
      text_bytes_max_(text_bytes_max),
      html_(html),
      text_(text),
      styles_(styles) {
  const std::string& style = styles.attribute("br");
  if (meter.spend(style.size())) line_break_ = "<br" + style + " />";
}

void MarkdownWriter::write(const MarkdownNode& document) {
  write_blocks(document.children, false);
}

void MarkdownWriter::open(std::string_view tag, std::string_view style) {
  html_.append("<").append(tag).append(styles_.attribute(style)).append(">");
}

void MarkdownWriter::write_blocks(const std::vector<MarkdownNode>& nodes, bool in_item) {
  for (auto node = nodes.begin(); node != nodes.end();) {
    if (is_block(*node)) {
      write_block(*node++, in_item);
      continue;
    }
    const auto end = std::find_if(node, nodes.end(), is_block);  // a run of a tight item
    write_paragraph({node, end});
    node = end;
  }
}

void MarkdownWriter::write_inlines(const std::vector<MarkdownNode>& nodes) {
  for (const auto& node : nodes) write_inline(node);
}

bool MarkdownWriter::is_empty(const std::vector<MarkdownNode>& inlines) {
  return !inlines.empty() && std::ranges::all_of(inlines, [&](const MarkdownNode& node) {
    return node.kind == Kind::Text && is_blank(node.text);
  });
}

bool MarkdownWriter::is_blank(std::string_view text) {
  return std::ranges::all_of(source_.pieces(text), [&](const MarkdownSource::Piece& piece) {
    const std::string_view value = piece.value.value_or("");
    return meter_.spend(value.size()) && trim(piece.markdown).empty() && trim(value).empty();
  });
}

void MarkdownWriter::append_text(Output& text, const std::vector<MarkdownNode>& nodes) {
  for (const auto& node : nodes) {
    if (meter_.has_failed()) return;
    source_.fill(text, node.text);
    append_text(text, node.children);
  }
}

void MarkdownWriter::write_block(const MarkdownNode& node, bool in_item) {
  if (meter_.has_failed()) return;
  switch (node.kind) {
    case Kind::Quote:
      return write_quote(node);
    case Kind::BulletList:
    case Kind::OrderedList:
      return write_list(node, in_item);
    case Kind::Rule:
      html_.append("<hr").append(styles_.attribute("hr")).append(" />\n");
      if (text_ != nullptr) text_->rule();
      return;
    case Kind::Heading:
      return write_heading(node);
    case Kind::CodeBlock:
      return write_code_block(node);
    case Kind::Table:
      return write_table(node);
    default:
      return write_paragraph(node.children);
  }
}

void MarkdownWriter::write_inline(const MarkdownNode& node) {
  if (meter_.has_failed()) return;
  switch (node.kind) {
    case Kind::Text:
      return write_text(node.text);
    case Kind::Entity:
      html_.append(node.text);
      if (text_ != nullptr) text_->add(node.text);
      return;
    case Kind::Break:
      html_.append(line_break_);
      if (text_ != nullptr) text_->break_line();
      return;
    case Kind::Emphasis:
      return write_span(node, "em", "italic");
    case Kind::Strong:
      return write_span(node, "strong", "bold");
    case Kind::Strike:
      return write_span(node, "del", "strikethrough");
    case Kind::Code:
      return write_span(node, "code", "codeInline");
    case Kind::Link:
      return write_link(node);
    case Kind::Image:
      return write_image(node);
    default:
      return write_inlines(node.children);
  }
}

// What stands on several lines is one paragraph in Markdown; in a value, lines are lines.
void MarkdownWriter::write_text(const std::string& text) {
  for (const auto& piece : source_.pieces(text)) {
    append_html(html_, piece.markdown);
    if (text_ != nullptr) text_->add(piece.markdown);
    if (!piece.value) continue;
    append_html_lines(html_, *piece.value, line_break_);
    if (text_ != nullptr) text_->add_lines(*piece.value);
  }
}

void MarkdownWriter::write_span(const MarkdownNode& node, std::string_view tag,
                                std::string_view style) {
  open(tag, style);
  write_inlines(node.children);
  html_.append("</").append(tag).append(">");
}

void MarkdownWriter::write_paragraph(const std::vector<MarkdownNode>& inlines) {
  if (is_empty(inlines)) return;
  if (text_ != nullptr) text_->open_block(kParagraphBreaks);
  open("p", "p");
  write_inlines(inlines);
  html_.append("</p>\n");
  if (text_ != nullptr) text_->close_block(kParagraphBreaks);
}

void MarkdownWriter::write_heading(const MarkdownNode& node) {
  const std::string tag = "h" + std::to_string(node.number);
  if (text_ != nullptr) {
    text_->open_block(breaks_before_heading(tag));
    text_->start_capitals();
  }
  open(tag, tag);
  write_inlines(node.children);
  html_.append("</").append(tag).append(">");
  if (text_ != nullptr) {
    text_->stop_capitals();
    text_->close_block(kParagraphBreaks);
  }
}

void MarkdownWriter::write_quote(const MarkdownNode& node) {
  if (text_ != nullptr) text_->open_block(kParagraphBreaks);
  open("blockquote", "blockQuote");
  html_.push_back('\n');
  write_blocks(node.children, false);
  html_.append("</blockquote>\n");
  if (text_ != nullptr) text_->close_quote(kParagraphBreaks);
}

void MarkdownWriter::write_code_block(const MarkdownNode& node) {
  Output code(meter_, text_bytes_max_);
  append_text(code, node.children);
  if (!code.view().ends_with('\n')) code.push_back('\n');
  open("pre", "codeBlock");
  html_.append("<code>");
  append_html(html_, code.view());
  html_.append("</code></pre>\n");
  if (text_ == nullptr) return;
  text_->open_block(kParagraphBreaks);
  text_->add_literal(code.view());
  text_->close_block(kParagraphBreaks);
}

void MarkdownWriter::write_list(const MarkdownNode& node, bool is_nested) {
  const bool is_ordered = node.kind == Kind::OrderedList;
  const std::string_view tag = is_ordered ? "ol" : "ul";
  html_.append("<").append(tag);
  if (is_ordered && node.number != 1) {
    html_.append(" start=\"").append(std::to_string(node.number)).append("\"");
  }
  html_.append(styles_.attribute(tag)).append(">\n");
  std::size_t width = 0;
  for (std::size_t at = 0; at < node.children.size(); ++at) {
    width = std::max(width, item_prefix(node, at, is_nested).size());
  }
  const int breaks = is_nested ? 1 : kParagraphBreaks;
  if (text_ != nullptr) text_->open_block(breaks);
  for (std::size_t at = 0; at < node.children.size(); ++at) {
    if (text_ != nullptr) text_->open_block(1);
    write_item(node.children[at]);
    if (text_ != nullptr) text_->close_item(item_prefix(node, at, is_nested), width);
  }
  if (text_ != nullptr) text_->close_block(breaks);
  html_.append("</").append(tag).append(">\n");
}

// A lone paragraph stands in its item without a <p>; beside a list it has one.
void MarkdownWriter::write_item(const MarkdownNode& item) {
  open("li", "li");
  const auto& children = item.children;
  const bool is_one_paragraph = children.size() == 1 && children[0].kind == Kind::Paragraph;
  if (is_one_paragraph) {
    write_inlines(children[0].children);
  } else if (std::ranges::none_of(children, is_block)) {
    write_inlines(children);
  } else {
    write_blocks(children, true);
  }
  html_.append("</li>\n");
}

void MarkdownWriter::write_table(const MarkdownNode& node) {
  if (text_ != nullptr) text_->open_block(kTableBreaks);
  open("table", "table");
  html_.push_back('\n');
  bool has_body = false;
  for (const auto& part : node.children) {
    const bool is_head = part.kind == Kind::TableHead;
    has_body = has_body || !is_head;
    open(is_head ? "thead" : "tbody", is_head ? "thead" : "tbody");
    if (is_head) html_.push_back('\n');
    for (const auto& row : part.children) {
      if (!meter_.has_failed()) write_row(row);
    }
    html_.append(is_head ? "</thead>\n" : "</tbody>");
  }
  if (!has_body) {
    open("tbody", "tbody");
    html_.append("</tbody>");
  }
  html_.append("</table>\n");
  if (text_ != nullptr) text_->close_block(kTableBreaks);
}

void MarkdownWriter::write_row(const MarkdownNode& row) {
  if (text_ != nullptr) text_->open_row();
  open("tr", "tr");
  html_.push_back('\n');
  for (const auto& cell : row.children) {
    const std::string_view tag = cell.kind == Kind::HeadCell ? "th" : "td";
    html_.append("<").append(tag);
    if (!cell.target.empty()) html_.append(" align=\"").append(cell.target).append("\"");
    html_.append(styles_.attribute("td")).append(">");
    if (text_ != nullptr) text_->open_cell();
    write_inlines(cell.children);
    if (text_ != nullptr) text_->close_cell();
    html_.append("</").append(tag).append(">\n");
  }
  html_.append("</tr>\n");
  if (text_ != nullptr) text_->close_row();
}

bool MarkdownWriter::append_address(std::string_view attribute, std::string_view address) {
  if (!is_allowed_url(address)) {
    if (refused_address_.empty()) refused_address_ = address;
    return false;
  }
  html_.append(" ").append(attribute).append("=\"");
  append_html(html_, address);
  html_.push_back('"');
  return true;
}

void MarkdownWriter::append_title(const MarkdownNode& node) {
  if (!node.title || node.title->empty()) return;
  Output title(meter_, text_bytes_max_);
  source_.fill(title, *node.title);
  html_.append(" title=\"");
  append_html(html_, title.view());
  html_.push_back('"');
}

void MarkdownWriter::write_link(const MarkdownNode& node) {
  Output address(meter_, text_bytes_max_);
  source_.fill_address(address, node.target);
  html_.append("<a");
  const bool is_shown = append_address("href", address.view());
  html_.append(" target=\"_blank\"");
  append_title(node);
  html_.append(styles_.attribute("link")).append(">");
  if (node.is_bare) {
    Output label(meter_, text_bytes_max_);
    source_.fill_address(label, node.children.front().text);
    append_html(html_, label.view());
    if (text_ != nullptr) text_->add_address(label.view());
  } else {
    if (text_ != nullptr) text_->open_link();
    write_inlines(node.children);
    if (text_ != nullptr) text_->close_link(is_shown ? address.view() : "");
  }
  html_.append("</a>");
}

void MarkdownWriter::write_image(const MarkdownNode& node) {
  Output alt(meter_, text_bytes_max_);
  append_text(alt, node.children);
  Output address(meter_, text_bytes_max_);
  source_.fill_address(address, node.target);
  html_.append("<img");
  append_address("src", address.view());
  html_.append(" alt=\"");
  append_html(html_, alt.view());
  html_.push_back('"');
  append_title(node);
  html_.append(styles_.attribute("image")).append(">");
}

}  // namespace segmentflow::render
