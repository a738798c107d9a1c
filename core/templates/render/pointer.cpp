#include "core/templates/render/pointer.hpp"

#include <algorithm>
#include <bit>
#include <numeric>
#include <span>

namespace segmentflow::render {
namespace {

constexpr long long kIndexMax = 1'000'000'000;
// Up to so many members it is quickest to look at them all.
constexpr std::size_t kSmallObject = 32;
constexpr std::size_t kSortedMemberWork = 16;  // for each member and each bit of their number
constexpr std::size_t kOrderBytes = 128;       // of an entry, beside its positions

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

const Json* Finder::find(const Json& object, std::string_view name) {
  const std::span members(object.get_ref<const Json::object_t&>());
  if (members.size() <= kSmallObject) {
    if (!meter_.spend(members.size() * kMemberWork + name.size())) return nullptr;
    const auto found = std::ranges::find(members, name, &Json::object_t::value_type::first);
    return found == members.end() ? nullptr : &(*found).second;
  }
  const Order* order = order_of(object);
  const std::size_t compared = std::bit_width(members.size()) * (kMemberWork + name.size() / 8);
  if (order == nullptr || !meter_.spend(compared)) return nullptr;
  const auto name_at = [&](std::uint32_t at) -> std::string_view { return members[at].first; };
  const auto found = std::ranges::lower_bound(*order, name, {}, name_at);
  return found == order->end() || name_at(*found) != name ? nullptr : &members[*found].second;
}

const Finder::Order* Finder::order_of(const Json& object) {
  if (const auto known = orders_.find(&object); known != orders_.end()) return &known->second;
  const std::span members(object.get_ref<const Json::object_t&>());
  if (!meter_.spend(members.size() * kMemberWork)) return nullptr;
  std::size_t bytes = members.size() * kSortedMemberWork;
  for (const auto& member : members) bytes += member.first.size() / 8;
  if (!meter_.spend(bytes * std::bit_width(members.size())) ||
      !meter_.hold(members.size() * sizeof(std::uint32_t) + kOrderBytes)) {
    return nullptr;
  }
  Order order(members.size());
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::sort(order, {},
                    [&](std::uint32_t at) -> const std::string& { return members[at].first; });
  return &orders_.emplace(&object, std::move(order)).first->second;
}

Value Finder::look_up(const Json& from, const Pointer& pointer, std::size_t first) {
  const Json* current = &from;
  for (std::size_t at = first; at < pointer.steps.size(); ++at) {
    if (!meter_.spend(kMemberWork)) return {};
    const Pointer::Step& step = pointer.steps[at];
    if (current->is_object()) {
      current = find(*current, step.name);
      if (current == nullptr) return {};
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
