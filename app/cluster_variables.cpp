#include "app/cluster_variables.hpp"

#include <algorithm>
#include <array>

namespace segmentflow::app {
namespace {

constexpr std::array<std::string_view, 3> kProtocols = {"TCP", "UDP", "SCTP"};
constexpr std::array<std::string_view, 3> kSchemes = {"tcp://", "udp://", "sctp://"};
constexpr std::array<std::string_view, 8> kParts = {"",       "_ADDR", "_PORT",       "_PROTO",
                                                    "_START", "_END",  "_PORT_START", "_PORT_END"};

template <std::size_t N>
bool is_one_of(std::string_view text, const std::array<std::string_view, N>& list) {
  return std::ranges::find(list, text) != list.end();
}

// "3001_TCP" and "3001_TCP_ADDR".
bool is_port(std::string_view text) {
  const auto digits = std::min(text.find_first_not_of("0123456789"), text.size());
  if (digits == 0 || !text.substr(digits).starts_with('_')) return false;
  text.remove_prefix(digits + 1);
  const auto end = std::min(text.find('_'), text.size());
  return is_one_of(text.substr(0, end), kProtocols) && is_one_of(text.substr(end), kParts);
}

bool is_address(std::string_view value) {
  return std::ranges::any_of(kSchemes, [&](auto scheme) { return value.starts_with(scheme); });
}

// What follows the service's name. A bare PORT may also be a slip of the pen: its value tells.
bool is_form(std::string_view text, std::string_view value) {
  if (text == "SERVICE_HOST" || text == "SERVICE_PORT") return true;
  if (text.starts_with("SERVICE_PORT_"))
    return text.size() > std::string_view("SERVICE_PORT_").size();
  if (text == "PORT") return is_address(value);
  return text.starts_with("PORT_") && is_port(text.substr(std::string_view("PORT_").size()));
}

}  // namespace

bool is_cluster_variable(std::string_view name, std::string_view value) {
  if (name.starts_with("ENV_") || (name == "NAME" && value.starts_with('/'))) return true;
  while (true) {
    if (is_form(name, value)) return true;
    const auto next = name.find('_');
    if (next == std::string_view::npos) return false;
    name.remove_prefix(next + 1);
  }
}

}  // namespace segmentflow::app
