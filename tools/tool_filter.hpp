// What a caller wants to see of the tools that its key allows: each tool costs a model tokens, and
// a model that is to look around must not be able to change anything.
#pragma once

#include <optional>
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

// "emails,templates" as groups; nullopt gives none. ValidationFailed for one that no operation has,
// naming those there are, and for a list that is there and empty, as from a variable not set.
Result<std::set<std::string>> parse_tool_groups(const Registry& registry,
                                                std::optional<std::string_view> list);

}  // namespace segmentflow
