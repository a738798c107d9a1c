// JSON Pointers (RFC 6901) as json-render reads them, split once when the template is parsed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/templates/render/value.hpp"

namespace segmentflow::render {

struct Pointer {
  struct Step {
    std::string name;      // key of an object
    long long index = -1;  // position in an array: what parseInt reads from the name, -1 for none
  };
  std::vector<Step> steps;  // none: the whole value
  std::string text;         // with a leading slash, as messages show it
};

// The leading slash is optional; "" and "/" name the whole value.
Pointer parse_pointer(std::string_view text);

// The path below a repeat item in `$bindItem`, where a leading slash is a step with an empty name.
Pointer parse_bound_path(std::string_view text);

// Finds members and items for one rendering, and pays for it: what a small object costs is to look
// at its members; a large one is sorted once, when it is first asked.
class Finder {
 public:
  explicit Finder(Meter& meter) : meter_(meter) {}

  // Follows the steps from `first` on; undefined where one is missing, or when the rendering has
  // failed.
  Value look_up(const Json& from, const Pointer& pointer, std::size_t first);
  // Null when there is no such member.
  const Json* find(const Json& object, std::string_view name);

 private:
  using Order = std::vector<std::uint32_t>;  // positions of members, sorted by name

  const Order* order_of(const Json& object);

  Meter& meter_;
  std::unordered_map<const Json*, Order> orders_;
};

}  // namespace segmentflow::render
