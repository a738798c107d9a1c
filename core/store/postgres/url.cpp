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

// Where `user:password@` ends; where it would begin when there is none. A password may hold a raw
// `?` or `@`, and where it holds a raw `/`, which libpq does not take, it is still not to be shown.
std::size_t end_of_user(const std::string& url) {
  const auto start = url.find("://") + 3;
  auto at = url.rfind('@', url.find('/', start));
  if (at == std::string::npos || at < start) at = url.rfind('@', url.find('?', start));
  return at == std::string::npos || at < start ? start : at + 1;
}

}  // namespace

bool is_readable(const std::string& url) {
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> parsed(
      PQconninfoParse(url.c_str(), nullptr), &PQconninfoFree);
  return parsed != nullptr;
}

std::string with_defaults(const std::string& url) {
  const auto mark = url.find('?', end_of_user(url));
  std::string complete = url.substr(0, mark);
  complete.append("?").append(kDefaults);
  if (mark != std::string::npos) complete.append("&").append(url, mark + 1);
  return complete;
}

std::string without_password(const std::string& url) {
  std::string shown = url;
  const auto user = shown.find("://") + 3;
  const auto end = end_of_user(shown);
  const auto colon = shown.find(':', user);
  if (colon < end) shown.replace(colon + 1, end - colon - 2, kHidden);
  constexpr std::string_view kPassword = "password=";
  for (auto found = shown.find(kPassword); found != std::string::npos;
       found = shown.find(kPassword, found + kPassword.size())) {
    const auto value = found + kPassword.size();
    shown.replace(value, std::min(shown.find('&', value), shown.size()) - value, kHidden);
  }
  return shown;
}

}  // namespace segmentflow::postgres
