#include "core/templates/render/pointer.hpp"

namespace segmentflow::render {
namespace {

constexpr long long kIndexMax = 1'000'000'000;

std::string unescape(std::string_view token) {
  std::string name;
  name.reserve(token.size());
  for (std::size_t at = 0; at < token.size(); ++at) {
    const char next = at + 1 < token.size() ? token[at + 1] : '\0';
    if (token[at] == '~' && (next == '0' || next == '1')) {
      name.push_back(next == '0' ? '~' : '/');
      ++at;
    } else {
      name.push_back(token[at]);
    }
  }
  return name;
}

// parseInt(name, 10): leading blanks, a sign, then the digits there are.
long long read_index(std::string_view name) {
  while (const std::size_t length = space_length_bytes(name)) name.remove_prefix(length);
  const bool negative = name.starts_with('-');
  if (negative || name.starts_with('+')) name.remove_prefix(1);
  if (name.empty() || name[0] < '0' || name[0] > '9') return -1;
  long long index = 0;
  for (const char digit : name) {
    if (digit < '0' || digit > '9' || index > kIndexMax) break;
    index = index * 10 + (digit - '0');
  }
  return negative && index != 0 ? -1 : index;
}

void split(std::string_view path, Pointer& pointer) {
  while (true) {
    const std::size_t slash = path.find('/');
    std::string name = unescape(path.substr(0, slash));
    const long long index = read_index(name);
    pointer.steps.push_back({std::move(name), index});
    if (slash == std::string_view::npos) return;
    path.remove_prefix(slash + 1);
  }
}

}  // namespace

Pointer parse_pointer(std::string_view text) {
  Pointer pointer;
  if (text.empty() || text == "/") {
    pointer.text = "/";
    return pointer;
  }
  if (text.starts_with('/')) text.remove_prefix(1);
  pointer.text.assign("/").append(text);
  split(text, pointer);
  return pointer;
}

Pointer parse_bound_path(std::string_view text) {
  Pointer pointer;
  pointer.text.assign("/").append(text);
  if (!text.empty()) split(text, pointer);
  return pointer;
}

Value look_up(const Json& from, const Pointer& pointer, std::size_t first) {
  const Json* current = &from;
  for (std::size_t at = first; at < pointer.steps.size(); ++at) {
    const Pointer::Step& step = pointer.steps[at];
    if (current->is_object()) {
      const auto member = current->find(step.name);
      if (member == current->end()) return {};
      current = &*member;
    } else if (current->is_array()) {
      if (step.index < 0 || static_cast<std::size_t>(step.index) >= current->size()) return {};
      current = &(*current)[static_cast<std::size_t>(step.index)];
    } else {
      return {};
    }
  }
  return value_of(*current, true);
}

}  // namespace segmentflow::render
