#include "core/access/scopes.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

namespace segmentflow {
namespace {

constexpr std::array<std::string_view, 20> kScopes = {
    "emails:write",      "emails:read",        "events:write",    "profiles:read",
    "profiles:write",    "templates:read",     "templates:write", "assets:read",
    "assets:write",      "brand-kit:read",     "brand-kit:write", "segments:read",
    "journeys:trigger",  "journeys:read",      "broadcasts:read", "broadcasts:write",
    "broadcasts:create", "broadcasts:prepare", "broadcasts:send", "broadcasts:cancel"};

std::string_view trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

}  // namespace

std::span<const std::string_view> known_scopes() {
  return kScopes;
}

Result<std::vector<std::string>> parse_scopes(std::string_view text) {
  std::vector<std::string> scopes;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const std::string_view scope = trim(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
    if (scope == "all") {
      scopes.assign(kScopes.begin(), kScopes.end());
      continue;
    }
    if (std::find(kScopes.begin(), kScopes.end(), scope) == kScopes.end()) {
      const std::string near = describe::nearest_name(scope, kScopes);
      return fail(ErrorCode::ValidationFailed,
                  fmt::format("There is no scope \"{}\".{} Known scopes: {}.", scope,
                              near.empty() ? "" : fmt::format(" Did you mean \"{}\"?", near),
                              fmt::join(kScopes, ", ")));
    }
    if (std::find(scopes.begin(), scopes.end(), scope) == scopes.end()) scopes.emplace_back(scope);
  }
  if (scopes.empty()) {
    return fail(ErrorCode::ValidationFailed,
                "A key needs at least one scope, for example emails:write,emails:read.");
  }
  return scopes;
}

std::string join_scopes(const std::vector<std::string>& scopes) {
  return fmt::format("{}", fmt::join(scopes, ","));
}

}  // namespace segmentflow
