// The Markdown component: the text is parsed when it is rendered, because it may come from data.
#include "core/templates/render/markdown_content.hpp"
#include "core/templates/render/markdown_writer.hpp"
#include "core/templates/render/writer.hpp"

namespace segmentflow::render {
namespace {

void check_end(Evaluator& evaluator, ParsedMarkdown::End end, const Budget& budget) {
  switch (end) {
    case ParsedMarkdown::End::Whole:
      return;
    case ParsedMarkdown::End::TooDeep:
      return evaluator.fail_with("The Markdown is nested deeper than " +
                                 std::to_string(kMarkdownDepthMax) + " levels; flatten it.");
    case ParsedMarkdown::End::TooLarge:
      return evaluator.check_size(budget.output_bytes_max + 1);
    case ParsedMarkdown::End::OutOfMemory:
      return evaluator.fail_with("There is not enough memory to read the Markdown.");
  }
}

}  // namespace

void Writer::write_markdown(const Node& node, std::string_view style, const Scope& scope) {
  MarkdownSource source;
  MarkdownContent(evaluator_, scope, source).add(node.text);
  evaluator_.spend_for(source.size_bytes());
  if (stop(node, "/props/content")) return;
  const Value custom = evaluator_.evaluate(node.attributes.custom_styles, scope);
  if (stop(node, "/props/markdownCustomStyles")) return;
  const ParsedMarkdown parsed =
      parse_markdown(source.text(), {.bytes_max = budget_.output_bytes_max});
  check_end(evaluator_, parsed.end, budget_);
  if (stop(node, "/props/content")) return;
  std::vector<std::string> refused;
  const MarkdownStyles styles(custom, refused);
  const std::size_t before = html_.size();
  open_block(kCellBreaks);
  html_.append("<div data-id=\"react-email-markdown\"").append(style).append(">");
  MarkdownWriter writer(source, budget_.output_bytes_max, html_, text_, styles);
  writer.write(parsed.document);
  html_.append("</div>");
  close_block(kCellBreaks);
  evaluator_.spend_for(html_.size() - before);
  for (const std::string& name : refused) {
    warn(node, "refused_style", "/props/markdownCustomStyles/" + name,
         "This was left out: its value is not safe in a style.");
  }
  if (parsed.had_html) {
    warn(node, "refused_html", "/props/content", "HTML in Markdown was left out.");
  }
  if (!writer.refused_address().empty()) {
    warn(node, "refused_url", "/props/content",
         "An address was left out: it is no absolute http, https, mailto, tel or cid address.");
  }
}

}  // namespace segmentflow::render
