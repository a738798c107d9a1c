// The Markdown component: the text is parsed when it is rendered, because it may come from data.
#include "core/templates/render/escape.hpp"
#include "core/templates/render/markdown_writer.hpp"
#include "core/templates/render/writer.hpp"

namespace segmentflow::render {

void Writer::write_markdown(const Node& node, std::string_view style, const Scope& scope) {
  const Value content = evaluator_.evaluate(node.text, scope);
  if (!content.is(Value::Kind::String)) {
    evaluator_.fail_with("The content of Markdown must be a string.");
  }
  if (stop(node, "/props/content")) return;
  const Value custom = evaluator_.evaluate(node.attributes.custom_styles, scope);
  if (stop(node, "/props/markdownCustomStyles")) return;
  bool had_html = false;
  const auto document = parse_markdown(content.text, had_html);
  if (!document) {
    evaluator_.fail_with("The Markdown is nested deeper than " + std::to_string(kMarkdownDepthMax) +
                         " levels; flatten it.");
    stop(node, "/props/content");
    return;
  }
  std::vector<std::string> refused;
  const MarkdownStyles styles(custom, refused);
  const std::size_t before = html_.size();
  open_block(kCellBreaks);
  html_.append("<div data-id=\"react-email-markdown\"").append(style).append(">");
  MarkdownWriter writer(html_, text_, styles);
  writer.write(*document);
  html_.append("</div>");
  close_block(kCellBreaks);
  evaluator_.spend_for(html_.size() - before);
  for (const std::string& name : refused) {
    warn(node, "refused_style", "/props/markdownCustomStyles/" + name,
         "This was left out: its value is not safe in a style.");
  }
  if (had_html) {
    warn(node, "refused_html", "/props/content", "HTML in Markdown was left out.");
  }
  if (!writer.refused_address().empty()) {
    warn(node, "refused_url", "/props/content",
         "An address was left out: it is no absolute http, https, mailto, tel or cid address.");
  }
}

}  // namespace segmentflow::render
