// Markdown as a tree: CommonMark with GitHub's tables, strikethrough, task lists and bare links.
// Raw HTML is left out. The box of a task is text: ☑ or ☐.
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
  bool is_bare = false;              // of a Link: its label is its address
  std::vector<MarkdownNode> children;
};

inline constexpr std::size_t kMarkdownDepthMax = 60;

struct MarkdownLimits {
  std::size_t depth_max = kMarkdownDepthMax;
  std::size_t bytes_max = 2 << 20;         // of all its texts and addresses, and 8 for each node
  std::size_t memory_bytes_max = 1 << 30;  // of the whole tree
};

struct ParsedMarkdown {
  enum class End : std::uint8_t { Whole, TooDeep, TooLarge, OutOfMemory };

  MarkdownNode document;
  bool had_html = false;         // raw HTML was left out
  std::size_t memory_bytes = 0;  // of the tree, about
  End end = End::Whole;          // else `document` holds only a part
};

// Reads Markdown made by a MarkdownSource; texts and addresses hold its placeholders.
ParsedMarkdown parse_markdown(std::string_view markdown, const MarkdownLimits& limits = {});

// The characters that an entity stands for, e.g. "&amp;" or "&#8364;"; the entity itself when its
// name is none of the usual ones.
std::string decode_entity(std::string_view entity);

}  // namespace segmentflow::render
