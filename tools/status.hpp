// The operations of the status resource.
#pragma once

#include <vector>

#include "tools/operation.hpp"

namespace segmentflow {

std::vector<Operation> status_operations();

}  // namespace segmentflow
