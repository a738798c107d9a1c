#include "mcp/provider.hpp"

#include "mcp/tasks.hpp"

namespace mcp {
namespace {

constexpr const char* list_changed = R"("listChanged":true)";

void append_capability(std::string& out, std::string_view name, std::string_view members) {
  if (out.back() != '{') out += ',';
  out.append("\"").append(name).append("\":{").append(members).append("}");
}

}  // namespace

std::string capabilities_json(const Features& features, Revision revision, bool has_tasks) {
  const std::string changes = features.list_changes ? list_changed : "";
  std::string out = "{";
  append_capability(out, "tools", changes);
  if (features.prompts) append_capability(out, "prompts", changes);
  if (features.resources) {
    std::string members = features.resource_subscriptions ? R"("subscribe":true)" : "";
    if (!members.empty() && !changes.empty()) members += ',';
    append_capability(out, "resources", members + changes);
  }
  if (features.completions && has_completions(revision)) append_capability(out, "completions", "");
  if (features.logging) append_capability(out, "logging", "");
  if (has_tasks && is_modern(revision)) {
    append_capability(out, "extensions", "\"" + std::string(tasks_extension) + "\":{}");
  }
  return out += '}';
}

}  // namespace mcp
