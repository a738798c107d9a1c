#include "core/templates/render/markdown_tree.hpp"

#include <md4c.h>

#include <array>
#include <charconv>
#include <exception>
#include <utility>

#include "core/templates/render/markdown_links.hpp"
#include "core/templates/render/markdown_source.hpp"

namespace segmentflow::render {
namespace {

using Kind = MarkdownNode::Kind;

constexpr std::string_view kReplacement = "\uFFFD";

constexpr std::array<std::pair<std::string_view, std::string_view>, 32> kEntities = {{
    {"amp", "&"},        {"lt", "<"},          {"gt", ">"},         {"quot", "\""},
    {"apos", "'"},       {"nbsp", "\u00A0"},   {"copy", "\u00A9"},  {"reg", "\u00AE"},
    {"trade", "\u2122"}, {"hellip", "\u2026"}, {"mdash", "\u2014"}, {"ndash", "\u2013"},
    {"lsquo", "\u2018"}, {"rsquo", "\u2019"},  {"ldquo", "\u201C"}, {"rdquo", "\u201D"},
    {"laquo", "\u00AB"}, {"raquo", "\u00BB"},  {"bull", "\u2022"},  {"middot", "\u00B7"},
    {"times", "\u00D7"}, {"divide", "\u00F7"}, {"euro", "\u20AC"},  {"pound", "\u00A3"},
    {"yen", "\u00A5"},   {"cent", "\u00A2"},   {"deg", "\u00B0"},   {"plusmn", "\u00B1"},
    {"larr", "\u2190"},  {"rarr", "\u2192"},   {"check", "\u2713"}, {"shy", "\u00AD"},
}};

// What a list of nodes takes while it grows, and a text that is moved from place to place.
constexpr std::size_t kNodeCopies = 3;
constexpr std::size_t kTextCopies = 2;
constexpr std::size_t kNodeBytes = 8;  // about the markup that a node becomes, at least
constexpr std::string_view kTaskDone = "\u2611 ";
constexpr std::string_view kTaskOpen = "\u2610 ";

// The planes 15 and 16 are those of placeholders (markdown_source.hpp): an entity must make none.
std::string utf8_of(std::uint32_t code) {
  constexpr std::uint32_t kCodeMax = 0xEFFFF;
  if (code == 0 || code > kCodeMax || (code >= 0xD800 && code < 0xE000)) {
    return std::string(kReplacement);
  }
  const auto byte = [](std::uint32_t bits) { return static_cast<char>(bits); };
  const auto tail = [&](int shift) { return byte(0x80 | ((code >> shift) & 0x3F)); };
  if (code < 0x80) return {byte(code)};
  if (code < 0x800) return {byte(0xC0 | (code >> 6)), tail(0)};
  if (code < 0x10000) return {byte(0xE0 | (code >> 12)), tail(6), tail(0)};
  return {byte(0xF0 | (code >> 18)), tail(12), tail(6), tail(0)};
}

std::string_view align_name(MD_ALIGN align) {
  switch (align) {
    case MD_ALIGN_LEFT:
      return "left";
    case MD_ALIGN_CENTER:
      return "center";
    case MD_ALIGN_RIGHT:
      return "right";
    case MD_ALIGN_DEFAULT:
      break;
  }
  return "";
}

std::string attribute_text(const MD_ATTRIBUTE& attribute) {
  std::string text;
  for (std::size_t at = 0; attribute.text != nullptr; ++at) {
    const MD_OFFSET start = attribute.substr_offsets[at];
    if (start >= attribute.size) break;
    const std::string_view part(attribute.text + start, attribute.substr_offsets[at + 1] - start);
    switch (attribute.substr_types[at]) {
      case MD_TEXT_ENTITY:
        text.append(decode_entity(part));
        break;
      case MD_TEXT_NULLCHAR:
        text.append(kReplacement);
        break;
      default:
        text.append(part);
    }
  }
  return unguard(text);
}

std::optional<std::string> title_text(const MD_ATTRIBUTE& attribute) {
  if (attribute.text == nullptr) return std::nullopt;
  return attribute_text(attribute);
}

std::optional<Kind> kind_of(MD_BLOCKTYPE type) {
  switch (type) {
    case MD_BLOCK_QUOTE:
      return Kind::Quote;
    case MD_BLOCK_UL:
      return Kind::BulletList;
    case MD_BLOCK_OL:
      return Kind::OrderedList;
    case MD_BLOCK_LI:
      return Kind::Item;
    case MD_BLOCK_HR:
      return Kind::Rule;
    case MD_BLOCK_H:
      return Kind::Heading;
    case MD_BLOCK_CODE:
      return Kind::CodeBlock;
    case MD_BLOCK_P:
      return Kind::Paragraph;
    case MD_BLOCK_TABLE:
      return Kind::Table;
    case MD_BLOCK_THEAD:
      return Kind::TableHead;
    case MD_BLOCK_TBODY:
      return Kind::TableBody;
    case MD_BLOCK_TR:
      return Kind::TableRow;
    case MD_BLOCK_TH:
      return Kind::HeadCell;
    case MD_BLOCK_TD:
      return Kind::Cell;
    case MD_BLOCK_DOC:
    case MD_BLOCK_HTML:
      break;
  }
  return std::nullopt;
}

std::optional<Kind> kind_of(MD_SPANTYPE type) {
  switch (type) {
    case MD_SPAN_EM:
      return Kind::Emphasis;
    case MD_SPAN_STRONG:
      return Kind::Strong;
    case MD_SPAN_DEL:
      return Kind::Strike;
    case MD_SPAN_CODE:
      return Kind::Code;
    case MD_SPAN_A:
      return Kind::Link;
    case MD_SPAN_IMG:
      return Kind::Image;
    default:  // of extensions that are off
      return std::nullopt;
  }
}

// Takes md4c's events. What is open is a stack; a closed node moves into the one below. The events
// need not be balanced, and for odd emphasis md4c's are not: what is left closes what is open
// within it, leaving what is not open does nothing, and take() closes the rest.
class Builder {
 public:
  explicit Builder(const MarkdownLimits& limits) : limits_(limits) { open_.emplace_back(); }

  bool enter_block(MD_BLOCKTYPE type, const void* detail) {
    const auto kind = kind_of(type);
    if (!kind) return true;
    if (*kind != Kind::Paragraph && !add_task_mark()) return false;
    if (!open(*kind)) return false;
    MarkdownNode& node = open_.back();
    if (type == MD_BLOCK_OL) node.number = static_cast<const MD_BLOCK_OL_DETAIL*>(detail)->start;
    if (type == MD_BLOCK_H) node.number = static_cast<const MD_BLOCK_H_DETAIL*>(detail)->level;
    if (type == MD_BLOCK_TH || type == MD_BLOCK_TD) {
      node.target = align_name(static_cast<const MD_BLOCK_TD_DETAIL*>(detail)->align);
    }
    if (type == MD_BLOCK_LI) note_task(*static_cast<const MD_BLOCK_LI_DETAIL*>(detail));
    return true;
  }

  bool leave_block(MD_BLOCKTYPE type) {
    const auto kind = kind_of(type);
    if (!kind) return true;
    if (*kind == Kind::Item && !add_task_mark()) return false;
    leave(*kind, 1);
    return true;
  }

  bool enter_span(MD_SPANTYPE type, const void* detail) {
    const auto kind = kind_of(type);
    if (!kind || !add_task_mark() || !open(*kind)) return false;
    if (type == MD_SPAN_A) {
      const auto* link = static_cast<const MD_SPAN_A_DETAIL*>(detail);
      return set_target(link->href, link->title);
    }
    if (type == MD_SPAN_IMG) {
      const auto* image = static_cast<const MD_SPAN_IMG_DETAIL*>(detail);
      return set_target(image->src, image->title);
    }
    return true;
  }

  bool leave_span(MD_SPANTYPE type) {
    std::size_t block = open_.size() - 1;  // a span does not reach beyond its block
    while (block > 0 && is_span(open_[block].kind)) --block;
    if (const auto kind = kind_of(type)) leave(*kind, block + 1);
    return true;
  }

  bool text(MD_TEXTTYPE type, std::string_view text) {
    if (type == MD_TEXT_HTML) {
      had_html_ = true;
      return true;
    }
    if (!add_task_mark()) return false;
    switch (type) {
      case MD_TEXT_NULLCHAR:
        return add(Kind::Text, kReplacement);
      case MD_TEXT_BR:
        return add(Kind::Break, "");
      case MD_TEXT_SOFTBR:
        return add(Kind::Text, "\n");
      case MD_TEXT_ENTITY: {
        const std::string characters = decode_entity(text);
        return add(characters == text ? Kind::Entity : Kind::Text, characters);
      }
      default:
        return add(Kind::Text, unguard(text));
    }
  }

  ParsedMarkdown take() {
    while (open_.size() > 1) close();
    return {std::move(open_.front()), had_html_, memory_bytes_, end_};
  }

 private:
  static bool is_span(Kind kind) { return kind >= Kind::Emphasis && kind <= Kind::Image; }

  bool fail(ParsedMarkdown::End end) {
    end_ = end;
    return false;
  }

  bool spend(std::size_t bytes) {
    bytes_ += bytes;
    memory_bytes_ += kTextCopies * bytes;
    const bool fits = bytes_ <= limits_.bytes_max && memory_bytes_ <= limits_.memory_bytes_max;
    return fits || fail(ParsedMarkdown::End::TooLarge);
  }

  bool spend_for_node(std::size_t bytes) {
    memory_bytes_ += kNodeCopies * sizeof(MarkdownNode);
    return spend(kNodeBytes + bytes);
  }

  bool open(Kind kind) {
    if (open_.size() > limits_.depth_max) return fail(ParsedMarkdown::End::TooDeep);
    open_.emplace_back().kind = kind;
    return spend_for_node(0);
  }

  bool set_target(const MD_ATTRIBUTE& target, const MD_ATTRIBUTE& title) {
    open_.back().target = attribute_text(target);
    open_.back().title = title_text(title);
    return spend(target.size + title.size);
  }

  void note_task(const MD_BLOCK_LI_DETAIL& item) {
    if (item.is_task != 0) task_mark_ = item.task_mark == ' ' ? kTaskOpen : kTaskDone;
  }

  // The box of a task stands before the first text of its item.
  bool add_task_mark() {
    if (task_mark_.empty()) return true;
    return add(Kind::Text, std::exchange(task_mark_, {}));
  }

  // Closes the innermost open node of this kind, from the `first` on, and what is open within it.
  void leave(Kind kind, std::size_t first) {
    std::size_t at = open_.size();
    while (at > first && open_[at - 1].kind != kind) --at;
    if (at == first) return;
    while (open_.size() >= at) close();
  }

  void close() {
    MarkdownNode done = std::move(open_.back());
    open_.pop_back();
    open_.back().children.push_back(std::move(done));
  }

  bool add(Kind kind, std::string_view text) {
    auto& siblings = open_.back().children;
    if (kind == Kind::Text && !siblings.empty() && siblings.back().kind == Kind::Text) {
      siblings.back().text.append(text);
      return spend(text.size());
    }
    MarkdownNode& node = siblings.emplace_back();
    node.kind = kind;
    node.text = text;
    return spend_for_node(text.size());
  }

  const MarkdownLimits& limits_;
  std::vector<MarkdownNode> open_;
  std::string_view task_mark_;
  std::size_t bytes_ = 0;
  std::size_t memory_bytes_ = 0;
  bool had_html_ = false;
  ParsedMarkdown::End end_ = ParsedMarkdown::End::Whole;
};

// md4c is C: nothing may be thrown through it. Whatever its header says, only a negative result
// ends its work: after a positive one it goes on without the part.
template <class Action>
int guarded(void* builder, Action action) noexcept {
  try {
    return action(*static_cast<Builder*>(builder)) ? 0 : -1;
  } catch (const std::exception&) {
    return -1;
  }
}

}  // namespace

ParsedMarkdown parse_markdown(std::string_view markdown, const MarkdownLimits& limits) {
  MD_PARSER parser{};
  parser.flags = MD_FLAG_TABLES | MD_FLAG_STRIKETHROUGH | MD_FLAG_TASKLISTS;
  parser.enter_block = [](MD_BLOCKTYPE type, void* detail, void* builder) {
    return guarded(builder, [&](Builder& b) { return b.enter_block(type, detail); });
  };
  parser.leave_block = [](MD_BLOCKTYPE type, void*, void* builder) {
    return guarded(builder, [&](Builder& b) { return b.leave_block(type); });
  };
  parser.enter_span = [](MD_SPANTYPE type, void* detail, void* builder) {
    return guarded(builder, [&](Builder& b) { return b.enter_span(type, detail); });
  };
  parser.leave_span = [](MD_SPANTYPE type, void*, void* builder) {
    return guarded(builder, [&](Builder& b) { return b.leave_span(type); });
  };
  parser.text = [](MD_TEXTTYPE type, const MD_CHAR* text, MD_SIZE size, void* builder) {
    return guarded(builder, [&](Builder& b) { return b.text(type, {text, size}); });
  };
  const std::string guarded_text = guard_addresses(markdown);
  Builder builder(limits);
  const int failed =
      md_parse(guarded_text.data(), static_cast<MD_SIZE>(guarded_text.size()), &parser, &builder);
  ParsedMarkdown parsed = builder.take();
  if (failed != 0 && parsed.end == ParsedMarkdown::End::Whole) {
    parsed.end = ParsedMarkdown::End::OutOfMemory;
  }
  link_addresses(parsed.document);
  return parsed;
}

std::string decode_entity(std::string_view entity) {
  const std::string_view name = entity.substr(1, entity.size() - 2);
  if (name.starts_with('#')) {
    const bool is_hex = name.size() > 1 && (name[1] == 'x' || name[1] == 'X');
    const std::string_view digits = name.substr(is_hex ? 2 : 1);
    std::uint32_t code = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), code, is_hex ? 16 : 10);
    return utf8_of(code);
  }
  for (const auto& [known, characters] : kEntities) {
    if (known == name) return std::string(characters);
  }
  return std::string(entity);
}

}  // namespace segmentflow::render
