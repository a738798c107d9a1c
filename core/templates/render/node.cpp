#include "core/templates/render/node.hpp"

namespace segmentflow::render {
Style style_of(const Value& object) {
  Style style;
  for (std::size_t at = 0; at < object.size(); ++at) {
    const auto [name, value] = object.member(at);
    style.push_back({name, value});
  }
  return style;
}

}  // namespace segmentflow::render
