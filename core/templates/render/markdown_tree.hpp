// Markdown as a tree: CommonMark with GitHub's tables, strikethrough, task lists and bare links.
// Raw HTML is left out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace segmentflow::render {

struct MarkdownNode {
  enum class Kind : std::uint8_t {
    Document,
    Quote,
    BulletList,
    OrderedList,  // number: of its first item
    Item,
    Rule,
    Heading,  // number: its level
    CodeBlock,
    Paragraph,
    Table,
    TableHead,
    TableBody,
    TableRow,
    HeadCell,  // target: "left", "center", "right" or ""
    Cell,      // as HeadCell
    Emphasis,
    Strong,
    Strike,
    Code,
    Link,   // target: its address
    Image,  // target: its address
    Text,
    Entity,  // text: as written, e.g. "&nbsp;"
    Break,
  };

  Kind kind = Kind::Document;
  unsigned number = 0;
  std::string text;  // of Text and Entity
  std::string target;
  std::optional<std::string> title;  // of Link and Image
  std::vector<MarkdownNode> children;
};

inline constexpr std::size_t kMarkdownDepthMax = 60;

// The Document; nullopt when its parts are nested deeper than kMarkdownDepthMax. Whether raw HTML
// was left out is told by `had_html`.
std::optional<MarkdownNode> parse_markdown(std::string_view text, bool& had_html);

// The characters that an entity stands for, e.g. "&amp;" or "&#8364;"; the entity itself when its
// name is none of the usual ones.
std::string decode_entity(std::string_view entity);

}  // namespace segmentflow::render
