// Fuzzes Markdown: whatever its text, every letter of it stands in the plain text, in order and
// once, but for what the syntax takes; and a value stands there letter by letter.
#include <nlohmann/json.hpp>
#include <string>

#include "core/templates/render/markdown_tree.hpp"
#include "core/templates/render/render.hpp"
#include "schemas/describe/json.hpp"
#include "tests/fuzz/letters.hpp"
#include "tests/fuzz/promise.hpp"

using namespace segmentflow;
using describe::Json;
using fuzz::require;
using render::MarkdownNode;
using Kind = MarkdownNode::Kind;

namespace {

// Rendering takes longer than reading: it is done for one length of so many.
constexpr std::size_t kRenderedShare = 8;

// A template whose one Markdown component has this content.
std::shared_ptr<const render::Spec> spec_of(const Json& content) {
  const Json body = {
      {"root", "m"},
      {"elements", {{"m", {{"type", "Markdown"}, {"props", {{"content", content}}}}}}}};
  return render::parse_spec(body)->spec;
}

// The text part; "" where the Markdown is nested too deep or too large.
std::string text_part(const render::Spec& spec, std::string_view value) {
  const Json data = {{"v", std::string(value)}};
  const auto rendered = render::render(spec, {.data = &data});
  return rendered ? rendered->text : "";
}

// The letters of a document where they stand in its source.
void append_source(std::string& letters, const MarkdownNode& node) {
  if (node.kind == Kind::Text) fuzz::append_letters(letters, node.text);
  for (const auto& child : node.children) append_source(letters, child);
  if ((node.kind != Kind::Link && node.kind != Kind::Image) || node.is_bare) return;
  fuzz::append_letters(letters, node.target);
  fuzz::append_letters(letters, node.title.value_or(""));
}

// The letters of a document that the plain text shows.
void append_shown(std::string& letters, const MarkdownNode& node) {
  if (node.kind == Kind::Image) return;
  if (node.kind == Kind::Text) fuzz::append_letters(letters, node.text);
  for (const auto& child : node.children) append_shown(letters, child);
}

bool has_bare_link(const MarkdownNode& node) {
  return node.is_bare || std::ranges::any_of(node.children, has_bare_link);
}

// The tree has each letter, but for those of the syntax.
void check_tree(std::string_view markdown, const MarkdownNode& document) {
  if (!fuzz::has_plain_syntax(markdown)) return;
  // [a](a) has its letters twice, and the tree once.
  if (markdown.find("](") != markdown.npos && has_bare_link(document)) return;
  std::string source, written;
  append_source(source, document);
  fuzz::append_letters(written, markdown);
  require(source == written, "each letter in order and once");
}

void check_text_part(std::string_view markdown, const MarkdownNode& document) {
  static const auto spec = spec_of({{"$state", "/data/v"}});
  std::string shown, there;
  append_shown(shown, document);
  fuzz::append_letters(there, text_part(*spec, markdown));
  require(fuzz::is_within(shown, there), "all text in the plain text");
}

void check_value(std::string_view value) {
  static const auto spec =
      spec_of({{"$template",
                "**${/data/v}** [${/data/v}](https://a.example/?q=${/data/v})\n\n"
                "- `${/data/v}`\n\n| ${/data/v} | b |\n|---|---|\n| c | ${/data/v} |\n\n"
                "```\n${/data/v}\n```\n\n> ${/data/v}\n\n${/data/v}\n==="}});
  const std::string text = text_part(*spec, value);
  std::string once, expected, there;
  fuzz::append_letters(once, value);
  fuzz::append_letters(there, text);
  for (int times = 0; times < 7; ++times) expected += once;
  require(text.empty() || fuzz::is_within(expected, there), "the value each time");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(bytes), size);
  if (!fuzz::is_utf8(input)) return -1;
  const auto parsed = render::parse_markdown(input);
  if (parsed.end != render::ParsedMarkdown::End::Whole) return 0;
  check_tree(input, parsed.document);
  if (size % kRenderedShare != 0) return 0;
  check_text_part(input, parsed.document);
  check_value(input);
  return 0;
}
