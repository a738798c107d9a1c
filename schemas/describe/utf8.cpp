#include "schemas/describe/utf8.hpp"

#include <cstdint>
#include <cstring>

namespace describe {
namespace {

// The range of the second byte depends on the first (RFC 3629 §4).
struct Lead {
  std::size_t size = 0;
  unsigned char second_min = 0x80;
  unsigned char second_max = 0xBF;
};

Lead lead_of(unsigned char first) {
  if (first < 0x80) return {1};
  if (first < 0xC2) return {0};
  if (first < 0xE0) return {2};
  if (first == 0xE0) return {3, 0xA0, 0xBF};
  if (first == 0xED) return {3, 0x80, 0x9F};
  if (first < 0xF0) return {3};
  if (first == 0xF0) return {4, 0x90, 0xBF};
  if (first < 0xF4) return {4};
  if (first == 0xF4) return {4, 0x80, 0x8F};
  return {0};
}

// The bytes at the start that are ASCII, in whole words: most texts are, for most of their length.
std::size_t ascii_words(std::string_view text) {
  constexpr std::uint64_t kHighBits = 0x8080'8080'8080'8080;
  std::size_t count = 0;
  for (std::uint64_t word = 0; text.size() - count >= sizeof word; count += sizeof word) {
    std::memcpy(&word, text.data() + count, sizeof word);
    if ((word & kHighBits) != 0) break;
  }
  return count;
}

}  // namespace

std::size_t utf8_character_bytes(std::string_view text, std::size_t at) {
  if (at >= text.size()) return 0;
  const Lead lead = lead_of(static_cast<unsigned char>(text[at]));
  if (lead.size == 0 || text.size() - at < lead.size) return 0;
  if (lead.size == 1) return 1;
  const auto second = static_cast<unsigned char>(text[at + 1]);
  if (second < lead.second_min || second > lead.second_max) return 0;
  for (std::size_t i = 2; i < lead.size; ++i) {
    if ((static_cast<unsigned char>(text[at + i]) & 0xC0U) != 0x80U) return 0;
  }
  return lead.size;
}

std::string_view utf8_beginning(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  std::size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end);
}

bool is_valid_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    at += ascii_words(text.substr(at));
    if (at == text.size()) return true;
    const std::size_t size = utf8_character_bytes(text, at);
    if (size == 0) return false;
    at += size;
  }
  return true;
}

bool has_control_character(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == 0x7F) return true;
    const bool c1_lead = byte == 0xC2 && i + 1 < text.size();
    if (c1_lead && static_cast<unsigned char>(text[i + 1]) < 0xA0) return true;
  }
  return false;
}

}  // namespace describe
