// Template files: {"id"?, "key"?, "name", "purpose"?, "language"?, "definition"}.
#pragma once

#include <string_view>

#include "core/templates/template_changes.hpp"

namespace segmentflow::app {

// ValidationFailed with a path for what is not such a file.
Result<NewTemplate> read_template_file(std::string_view text);

}  // namespace segmentflow::app
