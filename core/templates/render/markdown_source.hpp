// Markdown with values in it. While it is read, each value stands as one character of a private-use
// plane; afterwards it is put in as text. So a value is text whatever it holds and wherever it
// stands: in a paragraph, in code, in the address of a link.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/templates/render/meter.hpp"

namespace segmentflow::render {

class MarkdownSource {
 public:
  // Values, and characters of the private-use planes 15 and 16 in the Markdown itself.
  static constexpr std::size_t kValuesMax = 100'000;

  void add_markdown(std::string_view markdown);
  void add_value(std::string_view value);

  // What is read as Markdown.
  const std::string& text() const { return text_; }
  // Its length with the values put in.
  std::size_t size_bytes() const { return size_bytes_; }
  bool has_too_many_values() const { return has_too_many_values_; }

  // A part of text(): what stands before a value, and the value.
  struct Piece {
    std::string_view markdown;
    std::optional<std::string_view> value;
  };
  std::vector<Piece> pieces(std::string_view part) const;

  // Appends a part of text() with the values in it.
  void fill(Output& out, std::string_view part) const;
  // The same for an address: values that do not begin it are percent-encoded (RFC 3986 §2.1), so
  // that they stay what they are: one path segment, one query value.
  void fill_address(Output& out, std::string_view part) const;

 private:
  std::string text_;
  std::vector<std::string> values_;
  std::size_t size_bytes_ = 0;
  bool has_too_many_values_ = false;
};

// In Markdown text, marks of emphasis within addresses, and brackets too in the address of a link,
// become characters of the private-use planes, so that they are marks no more; unguard() gives them
// back. (md4c pairs such a mark with one outside, and then leaves what it has not entered, or skips
// the text between.)
std::string guard_addresses(std::string_view markdown);
std::string unguard(std::string_view text);

}  // namespace segmentflow::render
