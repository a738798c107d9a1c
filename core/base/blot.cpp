#include "core/base/blot.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

#include "core/base/ascii.hpp"

namespace segmentflow {
namespace {

// Shorter values are too common inside of words.
constexpr std::size_t kInsideWordsMin = 3;
// What may have been cut off: the beginning of a value at the end of a text that is long.
constexpr std::size_t kCutMin = 4;
constexpr std::size_t kCutTextMin = 256;

using Span = std::pair<std::size_t, std::size_t>;  // begin, end

bool is_word(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x80 || std::isalnum(byte) != 0;
}

// atext of RFC 5322 §3.2.3 and the dot, but the slash, which ends a URL's scheme.
bool is_local(char c) {
  return is_word(c) || std::string_view("!#$%&'*+-=?^_`{|}~.").find(c) != std::string_view::npos;
}

bool is_domain(char c) {
  return is_word(c) || c == '-' || c == '.' || c == '_';
}

std::size_t local_begin(std::string_view text, std::size_t at) {
  if (at > 0 && text[at - 1] == '"') {
    const auto quote = at > 1 ? text.rfind('"', at - 2) : std::string_view::npos;
    return quote == std::string_view::npos ? at : quote;
  }
  std::size_t begin = at;
  while (begin > 0 && is_local(text[begin - 1])) --begin;
  return begin;
}

std::size_t domain_end(std::string_view text, std::size_t at) {
  std::size_t end = at + 1;
  if (end < text.size() && text[end] == '[') {
    const auto close = text.find(']', end);
    return close == std::string_view::npos ? text.size() : close + 1;
  }
  while (end < text.size() && is_domain(text[end])) ++end;
  while (end > at + 1 && (text[end - 1] == '.' || text[end - 1] == '-')) --end;
  return end;
}

// Whether a URL's user, perhaps with a password, stands before the @ at `at`.
bool is_url_user(std::string_view text, std::size_t at) {
  const auto scheme = text.substr(0, at).rfind("://");
  return scheme != std::string_view::npos &&
         text.substr(scheme + 3, at - scheme - 3).find_first_of(" \t\r\n/<>\"") ==
             std::string_view::npos;
}

bool stands_alone(std::string_view text, const Span& span) {
  return (span.first == 0 || !is_word(text[span.first - 1])) &&
         (span.second == text.size() || !is_word(text[span.second]));
}

// `text` and `value` in lower case.
void find_value(std::string_view text, std::string_view value, std::vector<Span>& found) {
  for (auto at = text.find(value); at != std::string_view::npos; at = text.find(value, at + 1)) {
    const Span span{at, at + value.size()};
    if (value.size() >= kInsideWordsMin || stands_alone(text, span)) found.push_back(span);
  }
  if (text.size() < kCutTextMin) return;
  const std::size_t longest = std::min(text.size(), value.size() - 1);
  for (std::size_t size = longest; size >= kCutMin; --size) {
    if (!text.ends_with(value.substr(0, size))) continue;
    found.emplace_back(text.size() - size, text.size());
    return;
  }
}

std::string with_marker(std::string_view text, std::vector<Span> spans, std::string_view marker) {
  std::sort(spans.begin(), spans.end());
  std::string result;
  std::size_t done = 0;
  bool begun = false;
  for (const auto& [begin, end] : spans) {
    if (!begun || begin > done) {
      result += text.substr(done, begin - done);
      result += marker;
    }
    begun = true;
    done = std::max(done, end);
  }
  result += text.substr(done);
  return result;
}

}  // namespace

std::string blot_addresses(std::string_view text) {
  std::vector<Span> spans;
  for (auto at = text.find('@'); at != std::string_view::npos; at = text.find('@', at + 1)) {
    const std::size_t begin = local_begin(text, at);
    const std::size_t end = domain_end(text, at);
    const bool is_cut = end == at + 1 && end == text.size();
    if (begin == at || (end == at + 1 && !is_cut) || is_url_user(text, at)) continue;
    spans.emplace_back(begin, end);
  }
  return with_marker(text, std::move(spans), kBlottedAddress);
}

std::string blot_values(std::string_view text, const std::vector<std::string>& values,
                        std::string_view marker) {
  const std::string lower = ascii_lower(text);
  std::vector<Span> spans;
  for (const std::string& value : values) {
    if (!value.empty()) find_value(lower, ascii_lower(value), spans);
  }
  return with_marker(text, std::move(spans), marker);
}

}  // namespace segmentflow
