#include "tools/registry.hpp"

#include "tools/emails.hpp"
#include "tools/status.hpp"
#include "tools/templates.hpp"

namespace segmentflow {

Registry::Registry() {
  for (auto* resource : {email_operations, template_operations, status_operations}) {
    for (auto& operation : resource()) operations_.push_back(std::move(operation));
  }
}

const Operation* Registry::find_by_id(std::string_view id) const {
  for (const auto& operation : operations_) {
    if (operation.info.id == id) return &operation;
  }
  return nullptr;
}

const Operation* Registry::find_by_tool(std::string_view tool) const {
  for (const auto& operation : operations_) {
    if (operation.info.tool == tool) return &operation;
  }
  return nullptr;
}

}  // namespace segmentflow
