#include "schemas/describe/utf8.hpp"

#include <utf8proc.h>

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

struct CodePoint {
  utf8proc_int32_t value = 0;
  std::size_t bytes = 1;  // also of a byte that is no UTF-8
};

CodePoint code_point_at(std::string_view text, std::size_t at) {
  CodePoint point;
  const auto rest = text.substr(at);
  const auto read = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(rest.data()),
                                     static_cast<utf8proc_ssize_t>(rest.size()), &point.value);
  if (read > 0) {
    point.bytes = static_cast<std::size_t>(read);
  } else {
    point.value = 0xFFFD;
  }
  return point;
}

std::size_t units_of(const CodePoint& point, TextUnit unit) {
  switch (unit) {
    case TextUnit::Bytes:
      return point.bytes;
    case TextUnit::CodePoints:
      return 1;
    case TextUnit::Utf16:
      return point.value > 0xFFFF ? 2 : 1;
  }
  return 1;
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

std::string_view beginning_of(std::string_view text, std::size_t max, TextUnit unit,
                              std::size_t* taken) {
  std::size_t end = 0;  // of the whole characters that fit, and their units
  std::size_t end_units = 0;
  std::size_t at = 0;
  std::size_t units = 0;
  utf8proc_int32_t before = 0;
  utf8proc_int32_t state = 0;
  while (at < text.size()) {
    const CodePoint point = code_point_at(text, at);
    if (at > 0 && utf8proc_grapheme_break_stateful(before, point.value, &state)) {
      end = at;
      end_units = units;
    }
    if (units + units_of(point, unit) > max) break;
    units += units_of(point, unit);
    at += point.bytes;
    before = point.value;
  }
  if (at == text.size() || end == 0) {
    end = at;
    end_units = units;
  }
  if (taken != nullptr) *taken = end_units;
  return text.substr(0, end);
}

std::string_view utf8_beginning(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  return beginning_of(text, bytes_max, TextUnit::Bytes);
}

bool shows_nothing(std::string_view text) {
  constexpr utf8proc_int32_t kBrailleBlank = 0x2800;
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint point = code_point_at(text, at);
    const utf8proc_property_t* property = utf8proc_get_property(point.value);
    switch (property->category) {
      case UTF8PROC_CATEGORY_CC:
      case UTF8PROC_CATEGORY_CF:
      case UTF8PROC_CATEGORY_ZS:
      case UTF8PROC_CATEGORY_ZL:
      case UTF8PROC_CATEGORY_ZP:
        break;
      default:
        if (!property->ignorable && point.value != kBrailleBlank) return false;
    }
    at += point.bytes;
  }
  return true;
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
