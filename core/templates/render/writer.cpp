#include "core/templates/render/writer.hpp"

#include <algorithm>
#include <array>

#include "core/templates/render/element_parser.hpp"
#include "core/templates/render/escape.hpp"
#include "core/templates/render/functions.hpp"
#include "schemas/describe/utf8.hpp"

namespace segmentflow::render {
namespace {

constexpr std::string_view kDoctype =
    "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Transitional//EN\" "
    "\"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd\">";
constexpr std::string_view kHeadMeta =
    "<meta content=\"text/html; charset=UTF-8\" http-equiv=\"Content-Type\"/>"
    "<meta name=\"x-apple-disable-message-reformatting\"/>";
constexpr std::string_view kTable =
    "<table align=\"center\" width=\"100%\" border=\"0\" cellPadding=\"0\" cellSpacing=\"0\" "
    "role=\"presentation\"";
constexpr std::string_view kTableEnd = "</tbody></table>";
constexpr std::string_view kPreviewStart =
    "<div "
    "style=\"display:none;overflow:hidden;line-height:1px;opacity:0;max-height:0;max-width:0\" "
    "data-skip-in-text=\"true\">";
// Invisible, so that mail clients do not fill up a short preview with the start of the message.
constexpr std::string_view kPreviewFiller = "\u00A0\u200C\u200B\u200D\u200E\u200F\uFEFF";

constexpr std::size_t kPreviewUnitsMax = 150;  // UTF-16, as JavaScript counts
constexpr std::size_t kWarningsMax = 100;
constexpr std::size_t kNameShownBytes = 100;

}  // namespace

std::string_view beginning_of_name(std::string_view name) {
  return describe::utf8_beginning(name, kNameShownBytes);
}

void Writer::write_document(std::string_view preheader) {
  html_.append(kDoctype);
  preheader_ = preheader;
  if (!spec_.root) return;
  const bool is_document = spec_.nodes[*spec_.root].component == Component::Html;
  if (!is_document && !preheader_.empty()) append_preview(preheader_);
  write_node(*spec_.root, {}, 1);
}

void Writer::write_node(std::uint32_t at, const Scope& scope, std::size_t depth) {
  const Node& node = spec_.nodes[at];
  evaluator_.meter().spend(kElementWork);
  if (depth > budget_.depth_max) {
    evaluator_.fail_with("Elements are nested deeper than " + std::to_string(budget_.depth_max) +
                         " levels; flatten them.");
  }
  if (!is_shown(node, scope) || stop(node, "")) return;
  if (node.repeat) {
    repeat(node, scope, depth);
  } else {
    write_component(node, scope, scope, depth);
  }
  stop(node, "");
}

bool Writer::is_shown(const Node& node, const Scope& scope) {
  if (node.visible && !evaluator_.holds(*node.visible, scope)) {
    stop(node, "/visible");
    return false;
  }
  if (node.is_broken) {
    evaluator_.fail_with("The element's props, style or repeat do not have the form they need.");
  }
  return node.component != Component::Unknown;
}

void Writer::repeat(const Node& node, const Scope& scope, std::size_t depth) {
  Value items;
  if (!node.repeat->in_item) {
    items = evaluator_.read_state(node.repeat->pointer);
  } else {
    items = evaluator_.read_item(node.repeat->pointer, scope);
  }
  if (items.is_nullish()) return;
  if (!items.is(Value::Kind::Array)) {
    evaluator_.fail_with("A repeat needs an array at " + node.repeat->pointer.text + ".");
    stop(node, "/repeat");
    return;
  }
  Scope inner;
  for (std::size_t at = 0; at < items.size(); ++at) {
    evaluator_.meter().spend(kElementWork);
    if (++repeat_items_ > budget_.repeat_items_max) {
      evaluator_.fail_with("The repeats have more than " +
                           std::to_string(budget_.repeat_items_max) +
                           " items together; make the template or its data smaller.");
    }
    if (stop(node, "/repeat")) return;
    inner.item = items.item(at);
    inner.index = at;
    write_component(node, scope, inner, depth);
  }
}

// The own props of a repeated element are resolved in the outer scope, its children in the inner
// one.
void Writer::write_component(const Node& node, const Scope& outer, const Scope& inner,
                             std::size_t depth) {
  Markup scratch;
  const Markup& markup = markup_of(node, outer, scratch);
  if (stop(node, "/props/style")) return;
  switch (node.component) {
    case Component::Html:
      return write_html(node, outer, inner, depth);
    case Component::Head:
      return write_head(node, inner, depth);
    case Component::Body:
      html_.append("<body").append(markup.body_style).append(">");
      write_body_cell(node, outer, inner, depth);
      html_.append("</body>");
      return;
    case Component::Container:
      return write_cell_table(node, markup.style, inner, depth,
                              "<tbody><tr style=\"width:100%\"><td>", "</td></tr>");
    case Component::Section:
      return write_cell_table(node, markup.style, inner, depth, "<tbody><tr><td>", "</td></tr>");
    case Component::Row:
      return write_row(node, markup.style, inner, depth);
    case Component::Column:
      return write_column(node, markup.style, inner, depth);
    case Component::Heading:
      return write_heading(node, markup.style, outer);
    case Component::Text:
      return write_paragraph(node, markup.style, outer);
    case Component::Link:
    case Component::Button:
      return write_link(node, markup, outer);
    case Component::Image:
      return write_image(node, markup.style, outer);
    case Component::Hr:
      html_.append("<hr").append(markup.style).append("/>");
      if (text_ != nullptr) text_->rule();
      return;
    case Component::Preview:
      return write_preview(node, outer);
    case Component::Markdown:
      return write_markdown(node, markup.style, outer);
    case Component::Unknown:
      return;
  }
}

void Writer::write_children(const Node& node, const Scope& scope, std::size_t depth) {
  for (const std::uint32_t child : node.children) {
    if (evaluator_.has_failed()) return;
    write_node(child, scope, depth + 1);
  }
}

// A document has its head first, wherever it stands among the children, and everything else in its
// body.
void Writer::write_html(const Node& node, const Scope& outer, const Scope& inner,
                        std::size_t depth) {
  html_.append("<html");
  const auto attribute = [&](std::string_view name, const Expression& expression,
                             std::string_view fallback) {
    const std::size_t before = html_.size();
    append_attribute(name, expression, outer, node);
    if (html_.size() == before)
      html_.append(" ").append(name).append("=\"").append(fallback).append("\"");
  };
  attribute("dir", node.attributes.direction, "ltr");
  attribute("lang", node.attributes.language, "en");
  html_.push_back('>');
  const Node* body = nullptr;
  const Node* head = nullptr;
  evaluator_.meter().spend(node.children.size() * kMemberWork);
  if (stop(node, "/children")) return;
  for (const std::uint32_t at : node.children) {
    const Node& child = spec_.nodes[at];
    if (child.repeat || !is_shown(child, inner)) continue;
    if (child.component == Component::Body && body == nullptr) body = &child;
    if (child.component == Component::Head && head == nullptr) head = &child;
  }
  if (stop(node, "/children")) return;
  if (head != nullptr) {
    write_head(*head, inner, depth + 1);
  } else {
    html_.append("<head></head>");
  }
  Markup scratch;
  if (body != nullptr) {
    html_.append("<body").append(markup_of(*body, inner, scratch).body_style).append(">");
    if (stop(*body, "/props/style")) return;
  }
  if (!preheader_.empty()) append_preview(preheader_);
  for (const std::uint32_t at : node.children) {
    if (evaluator_.has_failed()) return;
    const Node& child = spec_.nodes[at];
    if (&child == head) continue;
    if (&child == body) {
      write_body_cell(child, inner, inner, depth + 1);
    } else {
      write_node(at, inner, depth + 1);
    }
  }
  html_.append(body != nullptr ? "</body></html>" : "</html>");
}

void Writer::write_head(const Node& node, const Scope& scope, std::size_t depth) {
  html_.append("<head>").append(kHeadMeta);
  PlainText* const text = text_;
  text_ = nullptr;  // what a head holds is not read
  write_children(node, scope, depth);
  text_ = text;
  html_.append("</head>");
}

void Writer::write_body_cell(const Node& node, const Scope& outer, const Scope& inner,
                             std::size_t depth) {
  Markup scratch;
  const Markup& markup = markup_of(node, outer, scratch);
  if (stop(node, "/props/style")) return;
  open_block(kTableBreaks);
  open_block(kCellBreaks);
  html_.append(
      "<table border=\"0\" width=\"100%\" cellPadding=\"0\" cellSpacing=\"0\" "
      "role=\"presentation\" align=\"center\"><tbody><tr><td");
  html_.append(markup.style).append(">");
  write_children(node, inner, depth);
  html_.append("</td></tr>").append(kTableEnd);
  close_block(kCellBreaks);
  close_block(kTableBreaks);
}

void Writer::write_cell_table(const Node& node, std::string_view style, const Scope& scope,
                              std::size_t depth, std::string_view before, std::string_view after) {
  open_block(kTableBreaks);
  open_block(kCellBreaks);
  html_.append(kTable).append(style).append(">").append(before);
  write_children(node, scope, depth);
  html_.append(after).append(kTableEnd);
  close_block(kCellBreaks);
  close_block(kTableBreaks);
}

// Columns are the cells of a line of text; whatever else stands in a Row is not.
void Writer::write_row(const Node& node, std::string_view style, const Scope& scope,
                       std::size_t depth) {
  const bool has_cells = std::ranges::all_of(node.children, [&](std::uint32_t child) {
    return spec_.nodes[child].component == Component::Column;
  });
  if (text_ != nullptr && has_cells) text_->open_row(kTableBreaks);
  if (!has_cells) open_block(kTableBreaks);
  html_.append(kTable).append(style);
  html_.append("><tbody style=\"width:100%\"><tr style=\"width:100%\">");
  write_children(node, scope, depth);
  html_.append("</tr>").append(kTableEnd);
  if (!has_cells) close_block(kTableBreaks);
  if (text_ != nullptr && has_cells) text_->close_row(kTableBreaks);
}

void Writer::write_column(const Node& node, std::string_view style, const Scope& scope,
                          std::size_t depth) {
  if (text_ != nullptr) text_->open_cell();
  html_.append("<td data-id=\"__react-email-column\"").append(style).append(">");
  write_children(node, scope, depth);
  html_.append("</td>");
  if (text_ != nullptr) text_->close_cell();
}

void Writer::write_heading(const Node& node, std::string_view style, const Scope& scope) {
  constexpr std::array<std::string_view, 6> kLevels = {"h1", "h2", "h3", "h4", "h5", "h6"};
  std::string_view tag = "h2";
  const Value level = evaluator_.evaluate(node.attributes.level, scope);
  if (!level.is_nullish()) {
    const auto known = std::find(kLevels.begin(), kLevels.end(), level.text);
    if (level.is(Value::Kind::String) && known != kLevels.end()) {
      tag = *known;
    } else {
      warn(node, "unknown_level", "/props/as", "This is not h1 to h6; h2 was used.");
    }
  }
  open_block(breaks_before_heading(tag));
  if (text_ != nullptr) text_->start_capitals();
  html_.append("<").append(tag).append(style).append(">");
  write_label(node, scope);
  html_.append("</").append(tag).append(">");
  if (text_ != nullptr) text_->stop_capitals();
  close_block(kParagraphBreaks);
}

void Writer::write_paragraph(const Node& node, std::string_view style, const Scope& scope) {
  open_block(kParagraphBreaks);
  html_.append("<p").append(style).append(">");
  write_label(node, scope);
  html_.append("</p>");
  close_block(kParagraphBreaks);
}

// In the plain text a button has a line of its own, and a link a blank beside its neighbours.
void Writer::write_link(const Node& node, const Markup& markup, const Scope& scope) {
  const bool is_button = node.component == Component::Button;
  html_.append("<a");
  const std::string_view href = append_address("href", node, scope);
  html_.append(markup.style).append(" target=\"_blank\">").append(markup.before_label);
  if (is_button) open_block(kButtonBreaks);
  if (text_ != nullptr) {
    text_->keep_apart();
    text_->open_link();
  }
  write_label(node, scope);
  if (text_ != nullptr) {
    text_->close_link(href);
    text_->keep_apart();
  }
  if (is_button) close_block(kButtonBreaks);
  html_.append(markup.after_label).append("</a>");
}

void Writer::write_image(const Node& node, std::string_view style, const Scope& scope) {
  html_.append("<img");
  append_attribute("alt", node.attributes.alt, scope, node);
  append_attribute("height", node.attributes.height, scope, node);
  append_address("src", node, scope);
  html_.append(style);
  append_attribute("width", node.attributes.width, scope, node);
  html_.append("/>");
}

void Writer::write_preview(const Node& node, const Scope& scope) {
  const Value value = evaluator_.evaluate(node.text, scope);
  if (value.is(Value::Kind::Array)) {
    Output joined(evaluator_.meter(), budget_.output_bytes_max);
    for (std::size_t at = 0; at < value.size() && joined.spend(kMemberWork); ++at) {
      if (!append_shown(joined, value.item(at))) refuse_object(evaluator_.meter());
    }
    append_preview(joined.view());
  } else if (value.is(Value::Kind::String) || value.is(Value::Kind::Undefined)) {
    append_preview(value.text);
  } else {
    evaluator_.fail_with("The text of a Preview must be a string.");
  }
  stop(node, "/props/text");
}

void Writer::append_preview(std::string_view text) {
  std::size_t units = 0;
  html_.append(kPreviewStart);
  append_html(html_,
              describe::beginning_of(text, kPreviewUnitsMax, describe::TextUnit::Utf16, &units));
  if (units < kPreviewUnitsMax) {
    html_.append("<div>");
    for (std::size_t at = units; at < kPreviewUnitsMax; ++at) html_.append(kPreviewFiller);
    html_.append("</div>");
  }
  html_.append("</div>");
}

const Markup& Writer::markup_of(const Node& node, const Scope& scope, Markup& scratch) {
  if (node.markup) return *node.markup;
  MarkupResult made = make_markup(node.component, evaluator_.style(node.style, scope));
  for (const std::string& name : made.refused) {
    warn(node, "refused_style", "/props/style/" + escape_step(beginning_of_name(name)),
         "This was left out: its value is not safe in a style.");
  }
  scratch = std::move(made.markup);
  return scratch;
}

void Writer::append_attribute(std::string_view name, const Expression& expression,
                              const Scope& scope, const Node& node) {
  if (expression.is_absent()) return;
  const Value value = evaluator_.evaluate(expression, scope);
  const bool is_left_out = value.is_nullish() || value.is(Value::Kind::Boolean);
  scratch_.clear();
  if (!is_left_out && !append_string(scratch_, value)) refuse_object(evaluator_.meter());
  if (stop(node, "/props/" + std::string(name)) || is_left_out) return;
  html_.append(" ").append(name).append("=\"");
  append_html(html_, scratch_.view());
  html_.push_back('"');
}

// Gives the address when it was written, else "".
std::string_view Writer::append_address(std::string_view name, const Node& node,
                                        const Scope& scope) {
  if (node.address.is_absent()) return {};
  const Value value = evaluator_.address(node.address, scope);
  if (value.is(Value::Kind::Object) || value.is(Value::Kind::Array)) {
    scratch_.clear();
    if (!append_string(scratch_, value)) refuse_object(evaluator_.meter());
  }
  if (stop(node, "/props/" + std::string(name))) return {};
  const bool is_left_out = value.is_nullish() || value.is(Value::Kind::Boolean);
  if (is_left_out || (value.is(Value::Kind::String) && value.text.empty())) {
    warn(node, "missing_address", "/props/" + std::string(name),
         name == "src" ? "No address was given, so no picture is shown."
                       : "No address was given, so the link leads nowhere.");
  }
  if (is_left_out) return {};
  if (!value.is(Value::Kind::String) || !is_allowed_url(value.text)) {
    warn(node, "refused_url", "/props/" + std::string(name),
         "This was left out: it is no absolute http, https, mailto, tel or cid address.");
    return {};
  }
  if (node.address.literal() == nullptr && is_insecure_url(value.text)) {  // else a finding
    warn(node, "insecure_url", "/props/" + std::string(name),
         "This is an http address; give an https one.");
  }
  if (value.text.empty() && name == "src") return {};
  html_.append(" ").append(name).append("=\"");
  append_html(html_, value.text);
  html_.push_back('"');
  return value.text;
}

bool Writer::stop(const Node& node, std::string_view where) {
  if (!evaluator_.has_failed()) return false;
  if (failed_path_.empty()) {
    failed_path_ = "/elements/" + escape_step(node.key) + std::string(where);
  }
  return true;
}

void Writer::warn(const Node& node, std::string code, std::string_view where, std::string what) {
  if (warnings_.size() >= kWarningsMax) return;
  std::string path = "/elements/" + escape_step(beginning_of_name(node.key)) + std::string(where);
  evaluator_.meter().spend(path.size() + warnings_.size() * kMemberWork);
  const bool is_known = std::ranges::any_of(
      warnings_, [&](const Finding& known) { return known.code == code && known.path == path; });
  if (is_known) return;
  warnings_.push_back({std::move(code), Severity::Warning, std::move(path), std::move(what)});
}

}  // namespace segmentflow::render
