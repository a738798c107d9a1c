// Values that are used for rendering and not kept afterwards.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "core/templates/render/pointer.hpp"

namespace segmentflow {

inline constexpr std::string_view kRedacted = "[redacted]";

// `value`, which is the root `root` of a state ("data"), with what the paths lead to replaced by
// kRedacted; a root itself becomes {}. A step into an array that is no position stands for all its
// items: /data/codes/secret. nullopt when the paths lead to nothing in it.
std::optional<describe::Json> without_sensitive(const std::vector<render::Pointer>& paths,
                                                std::string_view root, const describe::Json& value);

}  // namespace segmentflow
