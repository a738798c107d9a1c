#include "core/templates/render/plain_text.hpp"

#include <algorithm>

#include "core/templates/render/letter_case.hpp"

namespace segmentflow::render {
namespace {

constexpr int kRuleLength = 40;
constexpr int kRuleLineBreaks = 2;
constexpr std::string_view kZeroWidthSpace = "\u200B";

std::size_t blank_length_bytes(std::string_view text, std::size_t at) {
  const char c = text[at];
  if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f') return 1;
  return c == kZeroWidthSpace[0] && text.substr(at, 3) == kZeroWidthSpace ? 3 : 0;
}

std::size_t skip_blanks(std::string_view text, std::size_t at) {
  while (at < text.size()) {
    const std::size_t length = blank_length_bytes(text, at);
    if (length == 0) break;
    at += length;
  }
  return at;
}

std::size_t skip_word(std::string_view text, std::size_t at) {
  while (at < text.size() && blank_length_bytes(text, at) == 0) ++at;
  return at;
}

}  // namespace

int breaks_before_heading(std::string_view tag) {
  return tag <= "h3" ? 3 : 2;
}

PlainText::PlainText() {
  blocks_.push_back({0, 1});
}

void PlainText::open_block(int leading) {
  blocks_.push_back({out_.size(), leading});
}

void PlainText::close_block(int trailing) {
  const Block block = blocks_.back();
  blocks_.pop_back();
  attach(block, trailing);
}

void PlainText::attach(const Block& block, int trailing) {
  Block& parent = blocks_.back();
  const int breaks = std::max(parent.stashed, block.leading);
  if (block.start > parent.start) {
    out_.insert(block.start, static_cast<std::size_t>(breaks), '\n');
  } else {
    parent.leading = breaks;
  }
  parent.stashed = std::max(block.stashed, trailing);
  parent.line_empty = true;
}

void PlainText::add(std::string_view text) {
  if (text.empty()) return;
  Block& block = blocks_.back();
  std::size_t at = skip_blanks(text, 0);
  const bool starts_blank = at > 0;
  if (at == text.size()) {
    if (block.stashed == 0) block.stashed_space = true;
    return;
  }
  if (block.stashed > 0) {
    out_.append(static_cast<std::size_t>(block.stashed), '\n');
    block.stashed = 0;
    block.line_empty = true;
  }
  bool apart = block.stashed_space || starts_blank;
  while (at < text.size()) {
    const std::size_t end = skip_word(text, at);
    push_word(text.substr(at, end - at), apart);
    apart = true;
    at = skip_blanks(text, end);
    block.stashed_space = at > end;
  }
}

void PlainText::push_word(std::string_view word, bool apart) {
  Block& block = blocks_.back();
  if (apart && !block.line_empty) out_.push_back(' ');
  block.line_empty = false;
  const std::size_t start = out_.size();
  if (capitals_) {
    append_upper(out_, word);
  } else {
    out_.append(word);
  }
  if (in_link_) label_.append(out_, start);
}

void PlainText::open_link() {
  in_link_ = true;
  label_.clear();
}

void PlainText::close_link(std::string_view href) {
  in_link_ = false;
  if (href.starts_with("mailto:")) href.remove_prefix(7);
  if (href.empty() || href.front() == '#' || href == label_) return;
  if (!label_.empty()) add(" ");
  add(href);
}

void PlainText::new_line() {
  Block& block = blocks_.back();
  if (block.stashed > 0) {
    out_.append(static_cast<std::size_t>(block.stashed), '\n');
    block.stashed = 0;
  }
  out_.push_back('\n');
  block.line_empty = true;
}

void PlainText::indent(std::size_t start, std::string_view first, std::string_view others) {
  std::string text(first);
  for (std::size_t at = start; at < out_.size(); ++at) {
    text.push_back(out_[at]);
    if (out_[at] == '\n') text.append(others);
  }
  out_.resize(start);
  out_.append(text);
}

void PlainText::close_quote(int trailing) {
  const Block block = blocks_.back();
  blocks_.pop_back();
  const std::size_t last = out_.find_last_not_of('\n');
  if (last != std::string::npos && last >= block.start) out_.resize(last + 1);
  const std::size_t first = out_.find_first_not_of('\n', block.start);
  out_.erase(block.start, std::min(first, out_.size()) - block.start);
  indent(block.start, "> ", "> ");
  attach(block, trailing);
}

void PlainText::close_item(std::string_view prefix, std::size_t width) {
  const Block block = blocks_.back();
  blocks_.pop_back();
  const std::string blanks(width, ' ');
  indent(block.start, std::string(prefix) + blanks.substr(prefix.size()), blanks);
  attach(block, 1);
}

void PlainText::rule() {
  open_block(kRuleLineBreaks);
  add(std::string(kRuleLength, '-'));
  close_block(kRuleLineBreaks);
}

}  // namespace segmentflow::render
