#include "core/templates/render/markdown_tree.hpp"

#include <md4c.h>

#include <array>
#include <charconv>
#include <exception>

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

std::string utf8_of(std::uint32_t code) {
  constexpr std::uint32_t kCodeMax = 0x10FFFF;
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
  return text;
}

std::optional<std::string> title_text(const MD_ATTRIBUTE& attribute) {
  if (attribute.text == nullptr) return std::nullopt;
  return attribute_text(attribute);
}

// Takes md4c's events. What is open is a stack; a closed node moves into the one below.
class Builder {
 public:
  Builder() { open_.emplace_back(); }

  bool enter_block(MD_BLOCKTYPE type, const void* detail) {
    switch (type) {
      case MD_BLOCK_DOC:
      case MD_BLOCK_HTML:
        return true;
      case MD_BLOCK_QUOTE:
        return open(Kind::Quote);
      case MD_BLOCK_UL:
        return open(Kind::BulletList);
      case MD_BLOCK_OL:
        return open(Kind::OrderedList, static_cast<const MD_BLOCK_OL_DETAIL*>(detail)->start);
      case MD_BLOCK_LI:
        return open(Kind::Item);
      case MD_BLOCK_HR:
        return open(Kind::Rule);
      case MD_BLOCK_H:
        return open(Kind::Heading, static_cast<const MD_BLOCK_H_DETAIL*>(detail)->level);
      case MD_BLOCK_CODE:
        return open(Kind::CodeBlock);
      case MD_BLOCK_P:
        return open(Kind::Paragraph);
      case MD_BLOCK_TABLE:
        return open(Kind::Table);
      case MD_BLOCK_THEAD:
        return open(Kind::TableHead);
      case MD_BLOCK_TBODY:
        return open(Kind::TableBody);
      case MD_BLOCK_TR:
        return open(Kind::TableRow);
      case MD_BLOCK_TH:
      case MD_BLOCK_TD:
        if (!open(type == MD_BLOCK_TH ? Kind::HeadCell : Kind::Cell)) return false;
        open_.back().target = align_name(static_cast<const MD_BLOCK_TD_DETAIL*>(detail)->align);
        return true;
    }
    return true;
  }

  bool leave_block(MD_BLOCKTYPE type) {
    if (type != MD_BLOCK_DOC && type != MD_BLOCK_HTML) close();
    return true;
  }

  bool enter_span(MD_SPANTYPE type, const void* detail) {
    switch (type) {
      case MD_SPAN_EM:
        return open(Kind::Emphasis);
      case MD_SPAN_STRONG:
        return open(Kind::Strong);
      case MD_SPAN_DEL:
        return open(Kind::Strike);
      case MD_SPAN_CODE:
        return open(Kind::Code);
      case MD_SPAN_A: {
        const auto* link = static_cast<const MD_SPAN_A_DETAIL*>(detail);
        return open_target(Kind::Link, link->href, link->title);
      }
      case MD_SPAN_IMG: {
        const auto* image = static_cast<const MD_SPAN_IMG_DETAIL*>(detail);
        return open_target(Kind::Image, image->src, image->title);
      }
      default:  // of extensions that are off
        return false;
    }
  }

  bool leave_span() {
    close();
    return true;
  }

  bool text(MD_TEXTTYPE type, std::string_view text) {
    switch (type) {
      case MD_TEXT_NULLCHAR:
        return add(Kind::Text, kReplacement);
      case MD_TEXT_BR:
        return add(Kind::Break, "");
      case MD_TEXT_SOFTBR:
        return add(Kind::Text, "\n");
      case MD_TEXT_ENTITY:
        return add(Kind::Entity, text);
      case MD_TEXT_HTML:
        had_html_ = true;
        return true;
      default:
        return add(Kind::Text, text);
    }
  }

  MarkdownNode take() { return std::move(open_.front()); }
  bool had_html() const { return had_html_; }

 private:
  bool open(Kind kind, unsigned number = 0) {
    if (open_.size() > kMarkdownDepthMax) return false;
    MarkdownNode node;
    node.kind = kind;
    node.number = number;
    open_.push_back(std::move(node));
    return true;
  }

  bool open_target(Kind kind, const MD_ATTRIBUTE& target, const MD_ATTRIBUTE& title) {
    if (!open(kind)) return false;
    open_.back().target = attribute_text(target);
    open_.back().title = title_text(title);
    return true;
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
      return true;
    }
    MarkdownNode node;
    node.kind = kind;
    node.text = text;
    siblings.push_back(std::move(node));
    return true;
  }

  std::vector<MarkdownNode> open_;
  bool had_html_ = false;
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

std::optional<MarkdownNode> parse_markdown(std::string_view text, bool& had_html) {
  MD_PARSER parser{};
  parser.flags = MD_DIALECT_GITHUB;
  parser.enter_block = [](MD_BLOCKTYPE type, void* detail, void* builder) {
    return guarded(builder, [&](Builder& b) { return b.enter_block(type, detail); });
  };
  parser.leave_block = [](MD_BLOCKTYPE type, void*, void* builder) {
    return guarded(builder, [&](Builder& b) { return b.leave_block(type); });
  };
  parser.enter_span = [](MD_SPANTYPE type, void* detail, void* builder) {
    return guarded(builder, [&](Builder& b) { return b.enter_span(type, detail); });
  };
  parser.leave_span = [](MD_SPANTYPE, void*, void* builder) {
    return guarded(builder, [](Builder& b) { return b.leave_span(); });
  };
  parser.text = [](MD_TEXTTYPE type, const MD_CHAR* text, MD_SIZE size, void* builder) {
    return guarded(builder, [&](Builder& b) { return b.text(type, {text, size}); });
  };
  Builder builder;
  const int failed = md_parse(text.data(), static_cast<MD_SIZE>(text.size()), &parser, &builder);
  had_html = builder.had_html();
  if (failed != 0) return std::nullopt;
  return builder.take();
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
