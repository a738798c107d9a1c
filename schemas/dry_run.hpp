// What the answers of all operations that write have in common.
#pragma once

#include "schemas/describe/describe.hpp"

namespace segmentflow::wire {

inline constexpr describe::FieldRules kDryRunRules = {
    .doc = "true: this was a dry run, and nothing was done. Else absent.", .omit_empty = true};

}  // namespace segmentflow::wire
