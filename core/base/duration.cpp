#include "core/base/duration.hpp"

#include <array>
#include <charconv>
#include <utility>

namespace segmentflow {

std::optional<Time> parse_duration(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, Time>, 5> kUnits = {{
      {"ms", 1'000},
      {"s", kMicrosPerSecond},
      {"m", 60 * kMicrosPerSecond},
      {"h", 3'600 * kMicrosPerSecond},
      {"d", 86'400 * kMicrosPerSecond},
  }};
  constexpr Time kLongest = 10 * 366 * 86'400 * kMicrosPerSecond;
  Time count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc{} || count < 0) return std::nullopt;
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  for (const auto& [name, micros] : kUnits) {
    if (unit == name && count <= kLongest / micros) return count * micros;
  }
  return std::nullopt;
}

}  // namespace segmentflow
