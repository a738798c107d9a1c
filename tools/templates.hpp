// The operations of the templates resource.
#pragma once

#include <vector>

#include "tools/operation.hpp"

namespace segmentflow {

std::vector<Operation> template_operations();

}  // namespace segmentflow
