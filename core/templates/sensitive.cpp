#include "core/templates/sensitive.hpp"

namespace segmentflow {
namespace {

using describe::Json;
using Steps = std::vector<render::Pointer::Step>;

// Redacts what steps[at...] lead to; whether there was anything.
bool redact(Json& value, const Steps& steps, std::size_t at) {
  if (at == steps.size()) {
    value = std::string(kRedacted);
    return true;
  }
  const auto& step = steps[at];
  if (value.is_object()) {
    const auto member = value.find(step.name);
    return member != value.end() && redact(*member, steps, at + 1);
  }
  if (!value.is_array()) return false;
  if (step.index >= 0) {
    const auto index = static_cast<std::size_t>(step.index);
    return index < value.size() && redact(value[index], steps, at + 1);
  }
  bool found = false;
  for (Json& item : value) found = redact(item, steps, at) || found;
  return found;
}

}  // namespace

std::optional<Json> without_sensitive(const std::vector<render::Pointer>& paths,
                                      std::string_view root, const Json& value) {
  std::optional<Json> kept;  // one copy, however many paths there are
  bool found = false;
  for (const auto& pointer : paths) {
    if (pointer.steps.front().name != root) continue;
    if (pointer.steps.size() == 1) return Json::object();
    if (!kept) kept = value;
    found = redact(*kept, pointer.steps, 1) || found;
  }
  if (!found) kept.reset();
  return kept;
}

}  // namespace segmentflow
