#include "core/delivery/mime_header.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <utility>

#include "schemas/describe/utf8.hpp"

namespace segmentflow {
namespace {

constexpr std::string_view kQPrefix = "=?utf-8?Q?";
constexpr std::string_view kBPrefix = "=?utf-8?B?";
constexpr std::string_view kWordEnd = "?=";
constexpr std::size_t kWordFrameBytes = kQPrefix.size() + kWordEnd.size();
// Below this an encoded-word is mostly frame; it goes to the next line at its full size.
constexpr std::size_t kUsefulWordBytes = 32;
// A longer word would stand alone on its line or pass it; encoded it can be divided.
constexpr std::size_t kPlainWordMaxBytes = 64;

bool is_printable_ascii(char c) {
  return c >= 0x20 && c <= 0x7E;
}

bool is_letter_or_digit(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool is_atext(char c) {
  return is_letter_or_digit(c) ||
         std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
}

std::size_t q_bytes(char c) {
  const bool literal = c == ' ' || is_letter_or_digit(c) ||
                       std::string_view("!*+-/").find(c) != std::string_view::npos;
  return literal ? 1 : 3;
}

void append_q(std::string& out, char c) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  if (q_bytes(c) == 1) {
    out += c == ' ' ? '_' : c;
    return;
  }
  const auto byte = static_cast<unsigned char>(c);
  out += '=';
  out += kHex[byte >> 4U];
  out += kHex[byte & 0x0FU];
}

std::size_t b_bytes(std::size_t input_bytes) {
  return (input_bytes + 2) / 3 * 4;
}

std::string base64(std::string_view text) {
  std::string out(b_bytes(text.size()) + 1, '\0');  // OpenSSL writes a NUL after its output
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

std::size_t q_size(std::string_view text) {
  std::size_t total = 0;
  for (const char c : text) total += q_bytes(c);
  return total;
}

// "Q" can be read with bare eyes and filters frown on base64 around ASCII, so that "B" must be
// worth it: a fifth shorter.
bool is_better_as_q(std::string_view text) {
  return is_ascii(text) || q_size(text) * 4 <= b_bytes(text.size()) * 5;
}

std::string encode_word(std::string_view text, bool q) {
  std::string word(q ? kQPrefix : kBPrefix);
  if (q) {
    for (const char c : text) append_q(word, c);
  } else {
    word += base64(text);
  }
  word += kWordEnd;
  return word;
}

// The bytes of `text` from `at` whose encoding fills at most `max_bytes`: whole characters, at
// least one.
std::size_t take_characters(std::string_view text, std::size_t at, bool q, std::size_t max_bytes) {
  std::size_t end = at;
  std::size_t encoded = 0;
  while (end < text.size()) {
    const std::size_t size = std::max<std::size_t>(1, describe::utf8_character_bytes(text, end));
    encoded = q ? encoded + q_size(text.substr(end, size)) : b_bytes(end + size - at);
    if (encoded > max_bytes && end > at) break;
    end += size;
  }
  return end - at;
}

std::vector<std::string_view> split_words(std::string_view text) {
  std::vector<std::string_view> words;
  while (true) {
    // Of several spaces one is the separator; the others begin the next word and so are kept.
    const auto word_start = text.find_first_not_of(' ');
    const auto end = word_start == std::string_view::npos ? word_start : text.find(' ', word_start);
    words.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return words;
    text.remove_prefix(end + 1);
  }
}

// Free text that needs no encoding: what is written is what readers see.
bool is_plain_text(std::string_view text) {
  if (text.empty()) return true;
  if (!std::ranges::all_of(text, is_printable_ascii)) return false;
  if (text.front() == ' ' || text.back() == ' ') return false;
  if (text.find("=?") != std::string_view::npos) return false;
  return std::ranges::all_of(split_words(text),
                             [](auto word) { return word.size() <= kPlainWordMaxBytes; });
}

// Names that are atoms parted by single spaces.
bool is_plain_phrase(std::string_view name) {
  return is_plain_text(name) && name.find("  ") == std::string_view::npos &&
         std::ranges::all_of(name, [](char c) { return c == ' ' || is_atext(c); });
}

std::string quote(std::string_view name) {
  std::string quoted = "\"";
  for (const char c : name) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  quoted += '"';
  return quoted;
}

void add_encoded_words(HeaderField& field, std::string_view text) {
  for (const auto& word : encode_words(text, field.room())) field.add_encoded(word);
}

void add_display_name(HeaderField& field, std::string_view name) {
  if (is_plain_phrase(name)) {
    for (const auto word : split_words(name)) field.add(word);
    return;
  }
  // Quoted strings may be folded inside, but not every reader unfolds them well; a name that does
  // not fit one line is encoded instead. Some readers trim quoted strings or decode "=?" in them.
  const std::string quoted = quote(name);
  if (is_plain_text(name) && quoted.size() <= kPlainWordMaxBytes) {
    field.add(quoted);
  } else {
    add_encoded_words(field, name);
  }
}

}  // namespace

HeaderField::HeaderField(std::string_view name) : text_(name) {
  text_ += ':';
  column_ = text_.size();
}

void HeaderField::add(std::string_view word) {
  add_within(word, kHeaderLineBytes);
}

void HeaderField::add_encoded(std::string_view word) {
  add_within(word, kEncodedWordLineMaxBytes);
  has_encoded_ = true;
}

void HeaderField::add_within(std::string_view word, std::size_t line_bytes) {
  if (has_encoded_) line_bytes = kEncodedWordLineMaxBytes;
  // A fold right after the colon leaves a first line of nothing, which some readers take for a
  // value that begins with a blank; a long first word is better off on a long line.
  if (is_empty_) line_bytes = kHeaderLineMaxBytes;
  is_empty_ = false;
  if (column_ + 1 + word.size() > line_bytes) {
    text_ += "\r\n";
    column_ = 0;
    has_encoded_ = false;
  }
  text_ += ' ';
  text_ += word;
  column_ += 1 + word.size();
}

std::size_t HeaderField::room() const {
  return column_ + 1 < kEncodedWordLineMaxBytes ? kEncodedWordLineMaxBytes - column_ - 1 : 0;
}

std::string HeaderField::finish() && {
  text_ += "\r\n";
  return std::move(text_);
}

std::vector<std::string> encode_words(std::string_view text, std::size_t first_max_bytes) {
  const bool q = is_better_as_q(text);
  std::size_t max_bytes = std::min(first_max_bytes, kEncodedWordMaxBytes);
  if (max_bytes < kUsefulWordBytes) max_bytes = kEncodedWordMaxBytes;
  std::vector<std::string> words;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t size = take_characters(text, at, q, max_bytes - kWordFrameBytes);
    words.push_back(encode_word(text.substr(at, size), q));
    at += size;
    max_bytes = kEncodedWordMaxBytes;
  }
  return words;
}

bool can_fold(std::string_view value) {
  return std::ranges::all_of(split_words(value),
                             [](auto word) { return word.size() < kHeaderLineMaxBytes; });
}

std::string plain_field(std::string_view name, std::string_view value) {
  HeaderField field(name);
  if (!value.empty()) {
    for (const auto word : split_words(value)) field.add(word);
  }
  return std::move(field).finish();
}

std::string text_field(std::string_view name, std::string_view text) {
  if (is_plain_text(text)) return plain_field(name, text);
  HeaderField field(name);
  add_encoded_words(field, text);
  return std::move(field).finish();
}

std::string address_field(std::string_view name, std::span<const Address> addresses) {
  HeaderField field(name);
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    const Address& address = addresses[i];
    const std::string_view comma = i + 1 < addresses.size() ? "," : "";
    if (address.name && !address.name->empty()) {
      add_display_name(field, *address.name);
      field.add("<" + address.email + ">" + std::string(comma));
    } else {
      field.add(address.email + std::string(comma));
    }
  }
  return std::move(field).finish();
}

}  // namespace segmentflow
