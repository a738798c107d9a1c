#include "mcp/http_message.hpp"

namespace mcp {

std::optional<std::string_view> header(const HttpRequest& request, std::string_view name) {
  for (const auto& [key, value] : request.headers) {
    if (key == name) return value;
  }
  return std::nullopt;
}

HttpAnswer event_answer(std::shared_ptr<EventStream> stream) {
  // Without the header, proxies keep events back until a buffer is full.
  return {200, {{"X-Accel-Buffering", "no"}}, {}, std::move(stream)};
}

}  // namespace mcp
