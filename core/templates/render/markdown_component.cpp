// The Markdown component: the text is parsed when it is rendered, because it may come from data.
#include "core/templates/render/markdown_content.hpp"
#include "core/templates/render/markdown_writer.hpp"
#include "core/templates/render/writer.hpp"

namespace segmentflow::render {
namespace {

// For each byte: what reading it costs, and what the parser keeps of it where all are marks.
constexpr std::size_t kMarkdownWork = 24;
constexpr std::size_t kParserBytes = 40;
// Of a bare address: the nodes that its text becomes, twice while their list grows.
constexpr std::size_t kLinkBytes = 6 * sizeof(MarkdownNode);

// How many bare addresses a text may have.
std::size_t links_at_most(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const std::string_view rest = text.substr(at, 4);
    if (rest[0] == '@' || rest.starts_with("://") || rest == "www.") ++count;
  }
  return count;
}

void check_end(Meter& meter, ParsedMarkdown::End end) {
  switch (end) {
    case ParsedMarkdown::End::Whole:
      return;
    case ParsedMarkdown::End::TooDeep:
      return meter.fail_with("The Markdown is nested deeper than " +
                             std::to_string(kMarkdownDepthMax) + " levels; flatten it.");
    case ParsedMarkdown::End::TooLarge:
      return meter.fail_with(
          "The Markdown comes to more than a rendering may hold; make the "
          "template or its data smaller.");
    case ParsedMarkdown::End::OutOfMemory:
      return meter.fail_with("There is not enough memory to read the Markdown.");
  }
}

}  // namespace

void Writer::write_markdown(const Node& node, std::string_view style, const Scope& scope) {
  Meter& meter = evaluator_.meter();
  MarkdownSource source;
  MarkdownContent content(evaluator_, scope, source);
  content.add(node.text);
  if (stop(node, "/props/content")) return;
  const Value custom = evaluator_.evaluate(node.attributes.custom_styles, scope);
  if (custom.is(Value::Kind::Object)) evaluator_.pay_for_style(custom);
  if (stop(node, "/props/markdownCustomStyles")) return;
  const std::size_t bytes = source.text().size();
  meter.spend(bytes * kMarkdownWork);
  meter.has_room(bytes * kParserBytes + links_at_most(source.text()) * kLinkBytes);
  if (stop(node, "/props/content")) return;
  const ParsedMarkdown parsed = parse_markdown(
      source.text(),
      {.bytes_max = budget_.output_bytes_max, .memory_bytes_max = meter.room_bytes()});
  check_end(meter, parsed.end);
  const Held tree(meter, parsed.memory_bytes);
  if (stop(node, "/props/content")) return;
  std::vector<std::string> refused;
  const MarkdownStyles styles(custom, refused);
  open_block(kCellBreaks);
  html_.append("<div data-id=\"react-email-markdown\"").append(style).append(">");
  MarkdownWriter writer(source, meter, budget_.output_bytes_max, html_, text_, styles);
  writer.write(parsed.document);
  html_.append("</div>");
  close_block(kCellBreaks);
  if (stop(node, "/props/content")) return;
  for (const std::string& name : refused) {
    warn(node, "refused_style",
         "/props/markdownCustomStyles/" + std::string(beginning_of_name(name)),
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
