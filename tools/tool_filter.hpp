// What a caller wants to see of the tools that its key allows: each tool costs a model tokens, and
// a model that is to look around must not be able to change anything.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "tools/registry.hpp"

namespace segmentflow {

struct ToolFilter {
  std::set<std::string> groups;  // first parts of operation ids, such as "emails"; empty: all
  bool read_only = false;        // only tools that change nothing

  auto operator<=>(const ToolFilter&) const = default;

  // Tools that any key may call, such as get_status, are always shown.
  bool shows(const OperationInfo& info) const;
};

// "emails,templates" as groups; "" gives none. ValidationFailed for one that no operation has,
// naming those there are.
Result<std::set<std::string>> parse_tool_groups(const Registry& registry, std::string_view text);

}  // namespace segmentflow
