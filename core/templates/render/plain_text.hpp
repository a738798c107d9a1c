// The plain-text part of a message, written while the HTML is. The layout is that of html-to-text
// with react-email's settings: no word wrap, blocks set apart by line breaks, links as "label url".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/templates/render/meter.hpp"

namespace segmentflow::render {

// Line breaks around blocks.
inline constexpr int kTableBreaks = 2;
inline constexpr int kCellBreaks = 1;
inline constexpr int kParagraphBreaks = 2;
inline constexpr int kButtonBreaks = 1;
int breaks_before_heading(std::string_view tag);  // "h1" to "h6"

// What it does is paid for; once the rendering has failed it takes no more text.
class PlainText {
 public:
  // More than `bytes_max` fail the rendering.
  PlainText(Meter& meter, std::size_t bytes_max);

  // A block stands at least `leading` line breaks below what is before it.
  void open_block(int leading);
  // ... and at least `trailing` above what follows.
  void close_block(int trailing);

  // Text in which runs of blanks (U+200B too, U+00A0 not) become one space.
  void add(std::string_view text);
  // The same for each line; lines stay lines.
  void add_lines(std::string_view text);
  // What follows begins a line. At the start and the end of a block that is nothing; right in a
  // cell it is a space, so that its row can be one line.
  void break_line();
  // What follows does not stick to what is before it.
  void keep_apart();

  // A row of cells, which are blocks. Where at least two have text and none has more than one line,
  // the row becomes a line, "a | b"; otherwise it is a block that is set apart by `breaks`.
  void open_row(int breaks = kCellBreaks);
  void close_row(int breaks = kCellBreaks);
  void open_cell();
  void close_cell();

  // Between these two, words are written in capitals. Addresses stay as they are.
  void start_capitals() { capitals_ = true; }
  void stop_capitals() { capitals_ = false; }

  // Between these two, words are the label of a link. `mailto:` is cut off, fragments and an
  // address equal to the label are not shown.
  void open_link();
  void close_link(std::string_view href);
  // An address that is a link and its label.
  void add_address(std::string_view address);

  void rule();

  // Text as it is, blanks and line breaks included.
  void add_literal(std::string_view text);

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
    int line_breaks = 0;  // due before the next word, if there is one
    bool is_row = false;
    bool is_cell = false;  // of a row
  };
  struct Row {
    std::vector<std::string> cells;
    bool is_line = true;
    std::size_t held_bytes = 0;
  };

  // Pays for so many bytes more. False when they must not be added.
  bool make_room(std::size_t bytes);
  // Joins a block that is closed to the one around it.
  void attach(const Block& block, int trailing);
  // Puts `first` before the text from `start` on, and `others` before its further lines.
  void indent(std::size_t start, std::string_view first, std::string_view others);
  void push_word(std::string_view word, bool apart);

  Meter& meter_;
  const std::size_t bytes_max_;
  std::size_t held_bytes_ = 0;
  std::string out_;
  std::vector<Block> blocks_;
  std::vector<Row> rows_;  // that are open
  std::string label_;      // words of the open link, run together
  bool in_link_ = false;
  bool capitals_ = false;
  bool follows_address_ = false;  // the last word is the address of a link
};

}  // namespace segmentflow::render
