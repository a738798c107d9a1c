// The operations of the emails resource.
#pragma once

#include <vector>

#include "tools/operation.hpp"

namespace segmentflow {

std::vector<Operation> email_operations();

}  // namespace segmentflow
