// The explicit list of all operations.
#pragma once

#include <string_view>
#include <vector>

#include "tools/operation.hpp"

namespace segmentflow {

// Immutable, thread-safe.
class Registry {
 public:
  Registry();
  const std::vector<Operation>& operations() const { return operations_; }
  const Operation* find_by_id(std::string_view id) const;      // nullptr when there is none
  const Operation* find_by_tool(std::string_view tool) const;  // nullptr when there is none

 private:
  std::vector<Operation> operations_;
};

}  // namespace segmentflow
