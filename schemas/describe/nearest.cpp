#include <algorithm>
#include <string>
#include <vector>

#include "schemas/describe/parse.hpp"

namespace describe {
namespace {

// Longer names are no slips of the pen, and the work grows with the square of the length.
constexpr std::size_t kNameBytesMax = 64;
// One slip for so many letters.
constexpr std::size_t kLettersPerSlip = 3;

// templateId, template_id and TEMPLATE-ID are one name.
std::string letters_of(std::string_view name) {
  std::string result;
  for (const char c : name) {
    if (c == '_' || c == '-' || c == ' ') continue;
    result += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return result;
}

// How many letters to insert, delete, change or swap with their neighbour (optimal string
// alignment).
std::size_t slips_between(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = a[i - 1] == b[j - 1];
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0U : 1U)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

}  // namespace

std::string nearest_name(std::string_view name, std::span<const std::string_view> known) {
  if (name.empty() || name.size() > kNameBytesMax) return "";
  const std::string given = letters_of(name);
  std::string_view best;
  std::size_t best_slips = SIZE_MAX;
  for (const std::string_view candidate : known) {
    const std::string letters = letters_of(candidate);
    const std::size_t slips = slips_between(given, letters);
    const std::size_t slips_max = std::max(given.size(), letters.size()) / kLettersPerSlip;
    if (slips <= slips_max && slips < best_slips) {
      best = candidate;
      best_slips = slips;
    }
  }
  return std::string(best);
}

}  // namespace describe
