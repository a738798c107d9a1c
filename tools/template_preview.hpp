// The operations templates.preview and templates.schema: helps for those who write templates.
#pragma once

#include "tools/operation.hpp"

namespace segmentflow {

Operation preview_template_operation();
Operation describe_format_operation();

}  // namespace segmentflow
