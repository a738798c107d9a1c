// The pure functions that `$computed` may call; expression.hpp describes them.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "core/templates/render/expression.hpp"

namespace segmentflow::render {

struct Argument {
  std::string_view name;
  Value value;
};

// Texts that are made are kept in `arena`.
Value call_function(Function function, std::span<const Argument> arguments, Arena& arena);

}  // namespace segmentflow::render
