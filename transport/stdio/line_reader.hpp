// Cuts a byte stream into lines of bounded length. No I/O.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace transport::stdio {

// What is kept of a line that is too long: enough to see what it was.
inline constexpr std::size_t oversized_head_bytes = 4096;

class LineReader {
 public:
  struct Line {
    std::string_view text;  // without its end (LF or CRLF); valid until the next call of any method
    bool oversized;         // `text` is only the beginning
  };

  // A line of more than `line_bytes_max` bytes is skipped as it comes in and reported once.
  explicit LineReader(std::size_t line_bytes_max) : line_bytes_max_(line_bytes_max) {}

  void feed(std::string_view bytes);

  // The next line that is complete, nullopt when more bytes are needed. Blank lines are passed
  // over.
  std::optional<Line> next();

  // After the end of input: what came after the last line end, nullopt when that was nothing.
  std::optional<Line> rest();

 private:
  std::optional<Line> take(std::size_t length, std::size_t end_bytes);
  void drop_consumed();

  const std::size_t line_bytes_max_;
  std::string buffer_;
  std::size_t start_ = 0;    // of the line that is being read
  std::size_t scanned_ = 0;  // no line end before this
  bool skipping_ = false;    // within an oversized line, of which only the head is kept
};

}  // namespace transport::stdio
