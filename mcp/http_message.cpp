#include "mcp/http_message.hpp"

namespace mcp {

std::optional<std::string_view> header(const HttpRequest& request, std::string_view name) {
  for (const auto& [key, value] : request.headers) {
    if (key == name) return value;
  }
  return std::nullopt;
}

HttpAnswer refusal(int status, std::string_view id, const jsonrpc::Fault& fault) {
  return {status, {}, jsonrpc::write_error(id, fault), nullptr};
}

HttpAnswer refusal(int status, jsonrpc::Code code, std::string sentence) {
  return refusal(status, jsonrpc::no_id, {code, std::move(sentence), {}});
}

HttpAnswer event_answer(std::shared_ptr<EventStream> stream) {
  // Without the header, proxies keep events back until a buffer is full.
  return {200, {{"X-Accel-Buffering", "no"}}, {}, std::move(stream)};
}

}  // namespace mcp
