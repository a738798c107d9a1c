// The placeholders in the portable SQL of repositories (database.hpp).
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace segmentflow {

// Replaces each `{name}` by what `replacement` gives for the name. Quoted text holds no
// placeholders in the portable SQL, so quotes are not looked at.
std::string replace_placeholders(
    std::string_view sql, const std::function<std::string(std::string_view name)>& replacement);

}  // namespace segmentflow
