// Durations as people write them in settings: "250ms", "30s", "5m", "4h", "90d".
#pragma once

#include <optional>
#include <string_view>

#include "core/base/clock.hpp"

namespace segmentflow {

// Microseconds; nullopt for what is not a whole number and one unit, or is longer than ten years.
std::optional<Time> parse_duration(std::string_view text);

}  // namespace segmentflow
