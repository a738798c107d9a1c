#include "core/store/postgres/url.hpp"

#include <libpq-fe.h>

#include <memory>
#include <string_view>

namespace segmentflow::postgres {
namespace {

// libpq takes the last of several values, so ours stand first. tcp_user_timeout is in milliseconds,
// the others in seconds.
constexpr std::string_view kDefaults =
    "connect_timeout=5&keepalives_idle=10&keepalives_interval=5&keepalives_count=3"
    "&tcp_user_timeout=15000&target_session_attrs=read-write&fallback_application_name=segmentflow";

constexpr std::string_view kHidden = "***";

}  // namespace

std::optional<std::string> problem_of(const std::string& url) {
  char* words = nullptr;
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> parsed(
      PQconninfoParse(url.c_str(), &words), &PQconninfoFree);
  const std::unique_ptr<char, decltype(&PQfreemem)> owned(words, &PQfreemem);
  if (parsed) return std::nullopt;
  std::string problem = words != nullptr ? words : "it cannot be read";
  while (problem.ends_with('\n')) problem.pop_back();
  return problem;
}

std::string with_defaults(const std::string& url) {
  const auto mark = url.find('?');
  std::string complete = url.substr(0, mark);
  complete.append("?").append(kDefaults);
  if (mark != std::string::npos) complete.append("&").append(url, mark + 1);
  return complete;
}

std::string without_password(const std::string& url) {
  std::string shown = url;
  const auto start = shown.find("://") + 3;
  const auto end = shown.find_first_of("/?", start);
  const auto at = shown.rfind('@', end);
  const auto colon = shown.find(':', start);
  if (at != std::string::npos && at > start && colon < at) {
    shown.replace(colon + 1, at - colon - 1, kHidden);
  }
  constexpr std::string_view kPassword = "password=";
  for (auto found = shown.find(kPassword); found != std::string::npos;
       found = shown.find(kPassword, found + kPassword.size())) {
    const auto value = found + kPassword.size();
    shown.replace(value, std::min(shown.find('&', value), shown.size()) - value, kHidden);
  }
  return shown;
}

}  // namespace segmentflow::postgres
