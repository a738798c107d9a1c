#include "core/templates/render/markdown_source.hpp"

#include <algorithm>

#include "core/templates/render/addresses.hpp"
#include "core/templates/render/escape.hpp"

namespace segmentflow::render {
namespace {

constexpr std::string_view kGuarded = "*_~[]";  // their placeholders come first
constexpr std::size_t kGuardedInText = 3;       // of them, in bare addresses; [ may begin a link
constexpr std::uint32_t kFirst = 0xF0000;
constexpr std::size_t kPlaceholderBytes = 4;

// The address and title of a link are guarded where they are not longer.
constexpr std::size_t kLinkTailBytesMax = 1'000;
constexpr int kBracketDepthMax = 32;  // md4c's own

void append_placeholder(std::string& out, std::size_t number) {
  const auto code = kFirst + static_cast<std::uint32_t>(number);
  out.push_back(static_cast<char>(0xF0 | (code >> 18)));
  for (const int shift : {12, 6, 0})
    out.push_back(static_cast<char>(0x80 | (code >> shift & 0x3F)));
}

// Whether a character of the planes 15 and 16 begins at `at`, and its place in them.
std::optional<std::size_t> placeholder_at(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t offset) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(text[at + offset]));
  };
  if (byte(0) < 0xF3 || text.size() - at < kPlaceholderBytes) return std::nullopt;
  const std::uint32_t code =
      (byte(0) & 0x07) << 18 | (byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 | (byte(3) & 0x3F);
  if (code < kFirst) return std::nullopt;
  return code - kFirst;
}

// Reads "](address "title")" from its second character on.
class LinkTail {
 public:
  explicit LinkTail(std::string_view text) : text_(text.substr(0, kLinkTailBytesMax)) {}

  // Its length; 0 when this is none.
  std::size_t length() {
    at_ = 1;
    skip_blanks();
    if (!(peek() == '<' ? skip_quoted('>') : skip_address())) return 0;
    const bool has_blanks = skip_blanks();
    const char quote = peek();
    if (has_blanks && (quote == '"' || quote == '\'' || quote == '(')) {
      if (!skip_quoted(quote == '(' ? ')' : quote)) return 0;
      skip_blanks();
    }
    return peek() == ')' ? at_ + 1 : 0;
  }

 private:
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  bool skip_blanks() {
    const std::size_t start = at_;
    while (at_ < text_.size() && std::string_view(" \t\r\n\v\f").find(text_[at_]) != text_.npos)
      ++at_;
    return at_ > start;
  }

  // An address or title in brackets holds none of these that is not escaped (CommonMark 6.3).
  bool skip_quoted(char end) {
    const char begin = peek();
    for (++at_; at_ < text_.size() && text_[at_] != end; ++at_) {
      if (text_[at_] == begin) return false;
      if (text_[at_] == '\\') ++at_;
    }
    if (at_ >= text_.size()) return false;
    ++at_;
    return true;
  }

  bool skip_address() {
    int depth = 0;
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (static_cast<unsigned char>(c) <= ' ' || (c == ')' && depth == 0)) break;
      if (c == '(' && ++depth > kBracketDepthMax) return false;
      if (c == ')') --depth;
      if (c == '\\' && at_ + 1 < text_.size() && text_[at_ + 1] > ' ') ++at_;
    }
    return depth == 0;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

void MarkdownSource::add_markdown(std::string_view markdown) {
  std::size_t start = 0;
  for (std::size_t at = 0; at < markdown.size(); ++at) {
    if (!placeholder_at(markdown, at)) continue;
    text_.append(markdown, start, at - start);
    size_bytes_ += at - start;
    add_value(markdown.substr(at, kPlaceholderBytes));
    start = at + kPlaceholderBytes;
    at = start - 1;
  }
  text_.append(markdown, start);
  size_bytes_ += markdown.size() - start;
}

void MarkdownSource::add_value(std::string_view value) {
  if (values_.size() == kValuesMax) {
    has_too_many_values_ = true;
    return;
  }
  append_placeholder(text_, kGuarded.size() + values_.size());
  values_.emplace_back(value);
  size_bytes_ += value.size();
}

std::vector<MarkdownSource::Piece> MarkdownSource::pieces(std::string_view part) const {
  std::vector<Piece> found;
  std::size_t start = 0;
  for (std::size_t at = 0; at < part.size(); ++at) {
    const auto number = placeholder_at(part, at);
    if (!number || *number < kGuarded.size()) continue;
    const std::size_t value = *number - kGuarded.size();
    if (value >= values_.size()) continue;
    found.push_back({part.substr(start, at - start), values_[value]});
    start = at + kPlaceholderBytes;
    at = start - 1;
  }
  if (start < part.size()) found.push_back({part.substr(start), std::nullopt});
  return found;
}

void MarkdownSource::fill(Output& out, std::string_view part) const {
  for (const Piece& piece : pieces(part))
    out.append(piece.markdown).append(piece.value.value_or(""));
}

void MarkdownSource::fill_address(Output& out, std::string_view part) const {
  for (const Piece& piece : pieces(part)) {
    out.append(piece.markdown);
    append_address_part(out, piece.value.value_or(""));
  }
}

std::string guard_addresses(std::string_view markdown) {
  std::vector<std::uint8_t> guarded_marks(markdown.size());  // how many of kGuarded
  const auto guard = [&](std::size_t start, std::size_t end, std::size_t marks) {
    std::fill(guarded_marks.begin() + static_cast<std::ptrdiff_t>(start),
              guarded_marks.begin() + static_cast<std::ptrdiff_t>(end),
              static_cast<std::uint8_t>(marks));
  };
  for (auto found = next_address(markdown, 0); found; found = next_address(markdown, found->end)) {
    guard(found->start, found->end, kGuardedInText);
  }
  for (auto at = markdown.find("]("); at != markdown.npos; at = markdown.find("](", at + 1)) {
    guard(at + 1, at + 1 + LinkTail(markdown.substr(at + 1)).length(), kGuarded.size());
  }
  std::string guarded;
  guarded.reserve(markdown.size());
  for (std::size_t at = 0; at < markdown.size(); ++at) {
    const std::size_t number = kGuarded.find(markdown[at]);
    const bool is_escaped = at > 0 && markdown[at - 1] == '\\';
    if (number >= guarded_marks[at] || is_escaped) {
      guarded.push_back(markdown[at]);
    } else {
      append_placeholder(guarded, number);
    }
  }
  return guarded;
}

std::string unguard(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto number = placeholder_at(text, at);
    if (!number || *number >= kGuarded.size()) {
      plain.push_back(text[at]);
      continue;
    }
    plain.push_back(kGuarded[*number]);
    at += kPlaceholderBytes - 1;
  }
  return plain;
}

}  // namespace segmentflow::render
