#include "core/templates/render/plain_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/templates/render/addresses.hpp"
#include "core/templates/render/letter_case.hpp"
#include "core/templates/render/lines.hpp"

namespace segmentflow::render {
namespace {

constexpr std::size_t kTextWork = 4;         // for each byte that is looked at
constexpr std::size_t kMovedPerUnit = 16;    // bytes that are only moved, for a unit of work
constexpr std::size_t kCapitalBytesMax = 3;  // of a byte in capitals
constexpr int kRuleLength = 40;
constexpr int kRuleLineBreaks = 2;
constexpr std::string_view kCellSeparator = " | ";
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

// Punctuation that no reader takes for a part of the address before it.
bool ends_address(char c) {
  return std::string_view(".,;:!?)]}>'\"").find(c) != std::string_view::npos;
}

// A word like shop.example/Path: letters, a dot and letters before its first slash.
bool is_host_and_path(std::string_view word) {
  const std::size_t slash = word.find('/');
  const std::size_t dot = word.substr(0, slash).rfind('.');
  return slash != word.npos && dot != word.npos && dot > 0 && slash > dot + 2;
}

// Words in capitals, but for the addresses in them.
void append_capitals(std::string& out, std::string_view word) {
  if (word.find("://") != word.npos || is_host_and_path(word)) {
    out.append(word);
    return;
  }
  std::size_t start = 0;
  for (auto found = next_address(word, 0); found; found = next_address(word, start)) {
    append_upper(out, word.substr(start, found->start - start));
    out.append(word.substr(found->start, found->end - found->start));
    start = found->end;
  }
  append_upper(out, word.substr(start));
}

// "a | b"; "" unless at least two cells have text.
std::string line_of(const std::vector<std::string>& cells) {
  const auto has_text = [](const std::string& cell) { return !cell.empty(); };
  if (std::ranges::count_if(cells, has_text) < 2) return "";
  const auto first = std::ranges::find_if(cells, has_text);
  const auto end = std::find_if(cells.rbegin(), cells.rend(), has_text).base();
  std::string line = *first;
  for (auto cell = first + 1; cell != end; ++cell) line.append(kCellSeparator).append(*cell);
  return line;
}

}  // namespace

int breaks_before_heading(std::string_view tag) {
  return tag <= "h3" ? 3 : 2;
}

PlainText::PlainText(Meter& meter, std::size_t bytes_max) : meter_(meter), bytes_max_(bytes_max) {
  blocks_.push_back({0, 1});
}

bool PlainText::make_room(std::size_t bytes) {
  const std::size_t needed = out_.size() + bytes;
  if (needed > bytes_max_) {
    meter_.fail_with(
        fmt::format("The text part is larger than {} bytes; make the template or its "
                    "data smaller.",
                    bytes_max_));
  }
  if (!meter_.spend(bytes)) return false;
  if (needed <= out_.capacity()) return true;
  const std::size_t capacity = std::max(needed, out_.capacity() * 2);
  if (!meter_.hold(capacity)) return false;
  out_.reserve(capacity);
  meter_.release(std::exchange(held_bytes_, capacity));
  return true;
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
    if (!meter_.spend((out_.size() - block.start) / kMovedPerUnit)) return;
    if (!make_room(static_cast<std::size_t>(breaks))) return;
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
  const std::size_t breaks = static_cast<std::size_t>(block.stashed + block.line_breaks);
  const std::size_t letters = text.size() * (capitals_ ? kCapitalBytesMax : 1);
  if (!meter_.spend(text.size() * kTextWork) || !make_room(letters + breaks + 2)) return;
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
  const int line_breaks = std::exchange(block.line_breaks, 0);
  if (line_breaks > 0 && out_.size() > block.start) {
    out_.append(static_cast<std::size_t>(line_breaks), '\n');
    block.line_empty = true;
  }
  const bool sticks = std::exchange(follows_address_, false) && !ends_address(word.front());
  if ((apart || sticks) && !block.line_empty) out_.push_back(' ');
  block.line_empty = false;
  if (capitals_) {
    append_capitals(out_, word);
  } else {
    out_.append(word);
  }
  if (in_link_) label_.append(word);
}

void PlainText::add_lines(std::string_view text) {
  bool has_more = meter_.spend(text.size() * kLineWork);
  while (has_more && meter_.spend(1)) {
    add(take_line(text, has_more));
    if (has_more) break_line();
  }
}

void PlainText::add_literal(std::string_view text) {
  if (make_room(text.size())) out_.append(text);
}

void PlainText::break_line() {
  Block& block = blocks_.back();
  if (block.is_cell) return keep_apart();
  ++block.line_breaks;
}

void PlainText::keep_apart() {
  if (blocks_.back().stashed == 0) blocks_.back().stashed_space = true;
}

void PlainText::open_row(int breaks) {
  open_block(breaks);
  blocks_.back().is_row = true;
  rows_.emplace_back();
}

void PlainText::close_row(int breaks) {
  Row row = std::move(rows_.back());
  rows_.pop_back();
  meter_.release(row.held_bytes);
  // The line takes the place of the cells: it is longer by what stands between them.
  const std::size_t between = row.cells.size() * kCellSeparator.size();
  const std::size_t bytes = row.held_bytes + between;
  const bool is_line =
      row.is_line && meter_.has_room(2 * bytes) && meter_.spend(bytes) && make_room(between);
  const std::string line = is_line ? line_of(row.cells) : "";
  if (line.empty()) return close_block(breaks);
  out_.resize(blocks_.back().start);
  out_.append(line);
  blocks_.back().leading = kCellBreaks;
  close_block(kCellBreaks);
}

void PlainText::open_cell() {
  const bool is_in_row = blocks_.back().is_row;
  open_block(kCellBreaks);
  blocks_.back().is_cell = is_in_row;
}

void PlainText::close_cell() {
  const Block cell = blocks_.back();
  if (cell.is_cell && rows_.back().is_line) {
    const std::string_view text = std::string_view(out_).substr(cell.start);
    const std::size_t bytes = text.size() + sizeof(std::string);
    rows_.back().is_line =
        meter_.spend(bytes) && text.find('\n') == text.npos && meter_.hold(bytes);
    rows_.back().held_bytes += rows_.back().is_line ? bytes : 0;
    rows_.back().cells.emplace_back(rows_.back().is_line ? text : "");
  }
  close_block(kCellBreaks);
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
  add_address(href);
  follows_address_ = true;
}

void PlainText::add_address(std::string_view address) {
  const bool capitals = std::exchange(capitals_, false);
  add(address);
  capitals_ = capitals;
}

void PlainText::indent(std::size_t start, std::string_view first, std::string_view others) {
  const auto from = out_.begin() + static_cast<std::ptrdiff_t>(start);
  const std::size_t bytes = out_.size() - start;
  if (!meter_.spend(bytes * kTextWork)) return;
  const auto lines = static_cast<std::size_t>(std::count(from, out_.end(), '\n'));
  const std::size_t more = first.size() + lines * others.size();
  if (!make_room(more) || !meter_.has_room(2 * (bytes + more))) return;
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
