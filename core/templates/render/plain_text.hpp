// The plain-text part of a message, written while the HTML is. The layout is that of html-to-text
// with react-email's settings: no word wrap, blocks set apart by line breaks, links as "label url".
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace segmentflow::render {

// Line breaks around blocks.
inline constexpr int kTableBreaks = 2;
inline constexpr int kCellBreaks = 1;
inline constexpr int kParagraphBreaks = 2;
int breaks_before_heading(std::string_view tag);  // "h1" to "h6"

class PlainText {
 public:
  PlainText();

  // A block stands at least `leading` line breaks below what is before it.
  void open_block(int leading);
  // ... and at least `trailing` above what follows.
  void close_block(int trailing);

  // Text in which runs of blanks (U+200B too, U+00A0 not) become one space.
  void add(std::string_view text);
  // Between these two, words are written in capitals.
  void start_capitals() { capitals_ = true; }
  void stop_capitals() { capitals_ = false; }

  // Between these two, words are the label of a link. `mailto:` is cut off, fragments and an
  // address equal to the label are not shown.
  void open_link();
  void close_link(std::string_view href);

  void rule();

  // Text as it is, blanks and line breaks included.
  void add_literal(std::string_view text) { out_.append(text); }
  void new_line();

  // A block that is a quotation: each line gets "> ".
  void close_quote(int trailing);
  // A block that is an item of a list, which is a block as well: its lines stand right of
  // `prefix`, which is filled up to `width` bytes.
  void close_item(std::string_view prefix, std::size_t width);

  // The text so far; all blocks must be closed.
  std::string take() { return std::move(out_); }

 private:
  struct Block {
    std::size_t start;  // where its text begins in out_
    int leading;        // line breaks due before it
    int stashed = 0;    // line breaks due before what follows its last inner block
    bool line_empty = true;
    bool stashed_space = false;
  };

  // Joins a block that is closed to the one around it.
  void attach(const Block& block, int trailing);
  // Puts `first` before the text from `start` on, and `others` before its further lines.
  void indent(std::size_t start, std::string_view first, std::string_view others);
  void push_word(std::string_view word, bool apart);

  std::string out_;
  std::vector<Block> blocks_;
  std::string label_;  // words of the open link, run together
  bool in_link_ = false;
  bool capitals_ = false;
};

}  // namespace segmentflow::render
