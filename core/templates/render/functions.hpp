// The pure functions that `$computed` may call; expression.hpp describes them.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/templates/render/expression.hpp"

namespace segmentflow::render {

struct Argument {
  std::string_view name;
  Value value;
};
using Arguments = std::span<const Argument>;

// The value of the argument; undefined when it is not given.
Value argument_named(Arguments arguments, std::string_view name);

// The text that `join` puts between items; nullopt when what is given can be none.
std::optional<std::string_view> separator_of(Arguments arguments);

// What calls may use: what they make is kept in `arena`, a text is at most `text_bytes_max` long.
struct Workshop {
  Meter& meter;
  Arena& arena;
  std::size_t text_bytes_max;
};

// Fails the rendering where a text should be made of an object, or a number would lose digits.
Value call_function(Function function, Arguments arguments, Workshop workshop);

// Fails a rendering for an object where only text can stand.
void refuse_object(Meter& meter);

}  // namespace segmentflow::render
