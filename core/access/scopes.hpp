// The scopes an API key may carry: all documented ones are valid from the first day.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.hpp"

namespace segmentflow {

std::span<const std::string_view> known_scopes();

// Splits "emails:write, emails:read"; "all" stands for every scope. ValidationFailed names an
// unknown scope and the nearest known one.
Result<std::vector<std::string>> parse_scopes(std::string_view text);

std::string join_scopes(const std::vector<std::string>& scopes);  // "a,b"

}  // namespace segmentflow
