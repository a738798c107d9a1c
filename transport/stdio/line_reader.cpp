#include "transport/stdio/line_reader.hpp"

#include <algorithm>

namespace transport::stdio {
namespace {

// A buffer that one long message made large is given back after it.
constexpr std::size_t buffer_bytes_kept = 256 << 10;

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r") == std::string_view::npos;
}

}  // namespace

void LineReader::feed(std::string_view bytes) {
  drop_consumed();
  if (skipping_) {
    const auto end = bytes.find('\n');
    if (end == std::string_view::npos) return;
    bytes.remove_prefix(end);
  }
  buffer_ += bytes;
}

std::optional<LineReader::Line> LineReader::next() {
  for (;;) {
    const auto end = buffer_.find('\n', std::max(start_, scanned_));
    if (end == std::string::npos) break;
    if (auto line = take(end - start_, 1)) return line;
  }
  scanned_ = buffer_.size();
  // One more byte is let in: it may be the CR of the line end.
  if (!skipping_ && buffer_.size() - start_ > line_bytes_max_ + 1) {
    skipping_ = true;
    buffer_.resize(start_ + std::min(line_bytes_max_, oversized_head_bytes));
    scanned_ = buffer_.size();
  }
  return std::nullopt;
}

std::optional<LineReader::Line> LineReader::rest() {
  return take(buffer_.size() - start_, 0);
}

std::optional<LineReader::Line> LineReader::take(std::size_t length, std::size_t end_bytes) {
  std::string_view text(buffer_.data() + start_, length);
  start_ += length + end_bytes;
  scanned_ = start_;
  if (skipping_) {
    skipping_ = false;
    return Line{text, true};
  }
  if (text.ends_with('\r')) text.remove_suffix(1);
  if (text.size() > line_bytes_max_) return Line{text.substr(0, oversized_head_bytes), true};
  if (is_blank(text)) return std::nullopt;
  return Line{text, false};
}

void LineReader::drop_consumed() {
  if (start_ == 0) return;
  buffer_.erase(0, start_);
  scanned_ -= start_;
  start_ = 0;
  if (buffer_.empty() && buffer_.capacity() > buffer_bytes_kept) buffer_.shrink_to_fit();
}

}  // namespace transport::stdio
