#include "core/store/placeholders.hpp"

namespace segmentflow {
namespace {

// A name is lower-case words; '{}' in a JSON literal is no placeholder.
bool is_name(std::string_view text) {
  return !text.empty() &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz_ ") == std::string_view::npos;
}

}  // namespace

std::string replace_placeholders(
    std::string_view sql, const std::function<std::string(std::string_view name)>& replacement) {
  std::string replaced;
  while (true) {
    const auto open = sql.find('{');
    const auto close = sql.find('}', open);
    if (close == std::string_view::npos) break;
    const std::string_view name = sql.substr(open + 1, close - open - 1);
    replaced += sql.substr(0, open);
    replaced += is_name(name) ? replacement(name) : std::string(sql.substr(open, close + 1 - open));
    sql.remove_prefix(close + 1);
  }
  return replaced.append(sql);
}

}  // namespace segmentflow
