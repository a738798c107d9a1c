#include "tools/tool_filter.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

#include "schemas/describe/parse.hpp"

namespace segmentflow {
namespace {

std::string group_of(const OperationInfo& info) {
  return std::string(info.id.substr(0, info.id.find('.')));
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

}  // namespace

bool ToolFilter::shows(const OperationInfo& info) const {
  if (info.scope.empty()) return true;
  if (read_only && !info.hints.read_only) return false;
  return groups.empty() || groups.contains(group_of(info));
}

Result<std::set<std::string>> parse_tool_groups(const Registry& registry,
                                                std::optional<std::string_view> list) {
  std::set<std::string> known;
  for (const auto& operation : registry.operations()) {
    if (!operation.info.scope.empty()) known.insert(group_of(operation.info));
  }
  std::set<std::string> groups;
  std::string_view text = list.value_or("");
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const std::string_view name = trimmed(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
    if (name.empty()) continue;
    if (!known.contains(std::string(name))) {
      const std::vector<std::string_view> names(known.begin(), known.end());
      const std::string near = describe::nearest_name(name, names);
      return fail(ErrorCode::ValidationFailed,
                  fmt::format("There is no group of tools \"{}\".{} There are: {}.", name,
                              near.empty() ? "" : fmt::format(" Did you mean {}?", near),
                              fmt::join(known, ", ")));
    }
    groups.emplace(name);
  }
  if (list && groups.empty()) {
    return fail(ErrorCode::ValidationFailed,
                fmt::format("The list of groups of tools is empty. Leave it out for all of: {}.",
                            fmt::join(known, ", ")));
  }
  return groups;
}

}  // namespace segmentflow
