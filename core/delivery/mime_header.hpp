// Header fields as bytes: folding (RFC 5322 §2.2.3), encoded-words (RFC 2047), address lists.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/address.hpp"

namespace segmentflow {

inline constexpr std::size_t kHeaderLineBytes = 78;          // RFC 5322 §2.1.1, preferred
inline constexpr std::size_t kHeaderLineMaxBytes = 998;      // RFC 5322 §2.1.1, never more
inline constexpr std::size_t kEncodedWordMaxBytes = 75;      // RFC 2047 §2
inline constexpr std::size_t kEncodedWordLineMaxBytes = 76;  // RFC 2047 §2

// Puts together one header field from words; folds before a word that does not fit the line,
// the first one excepted. The words are written as they are: the caller has made them safe.
class HeaderField {
 public:
  explicit HeaderField(std::string_view name);

  void add(std::string_view word);          // after one space
  void add_encoded(std::string_view word);  // the same, for an encoded-word and its shorter lines
  std::size_t room() const;                 // bytes an encoded-word may have on the current line
  std::string finish() &&;                  // the field with its CRLF

 private:
  void add_within(std::string_view word, std::size_t line_bytes);

  std::string text_;
  std::size_t column_ = 0;
  bool has_encoded_ = false;  // on the current line
  bool is_empty_ = true;
};

// Valid UTF-8 as encoded-words of whole characters, each at most 75 bytes and safe in a phrase
// (RFC 2047 §5 (3)). The first one has at most `first_max_bytes` when that is enough to be useful.
// "Q" is taken unless "B" is clearly shorter.
std::vector<std::string> encode_words(std::string_view text, std::size_t first_max_bytes);

// True when no word of the value is too long for a line of its own (at most 997 bytes).
bool can_fold(std::string_view value);

// A field written as it is, folded at spaces. `value` is printable ASCII without blanks at its
// ends, its words at most 997 bytes long.
std::string plain_field(std::string_view name, std::string_view value);

// A field of free text (Subject): as it is when every reader gives back the same ASCII, else in
// encoded-words. `text` is valid UTF-8 without CR, LF and NUL.
std::string text_field(std::string_view name, std::string_view text);

// A field of addresses (From, To, Cc, Reply-To). Names are valid UTF-8 without CR, LF and NUL.
std::string address_field(std::string_view name, std::span<const Address> addresses);

}  // namespace segmentflow
