// The schema of the installation, as numbered migrations (docs/architecture.md, "Storage").
#pragma once

#include <span>

#include "core/store/database.hpp"

namespace segmentflow {

std::span<const Migration> schema_migrations();

}  // namespace segmentflow
