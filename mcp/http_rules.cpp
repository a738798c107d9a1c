#include "mcp/http_rules.hpp"

#include <algorithm>
#include <array>

#include "mcp/header_value.hpp"
#include "mcp/modern.hpp"

namespace mcp {
namespace {

using jsonrpc::Code;
using jsonrpc::Message;

constexpr std::array<std::string_view, 5> protocol_header_names = {
    "mcp-session-id", "mcp-protocol-version", "mcp-method", "mcp-name", "last-event-id"};

// The member of the params that Mcp-Name repeats; nullptr where there is none.
const char* named_by(std::string_view method) {
  if (method == "tools/call" || method == "prompts/get") return "name";
  if (method.starts_with("tasks/")) return "taskId";
  return method == "resources/read" ? "uri" : nullptr;
}

std::string must_be(std::string_view name, std::string_view body) {
  return "The header " + std::string(name) + " must be " + jsonrpc::quoted(body) +
         ", as in the body.";
}

// How an argument is written in a header; nullopt when it is not there or cannot be.
std::optional<std::string> argument_text(const Json& params, const std::string& name) {
  const auto arguments = params.find("arguments");
  if (arguments == params.end() || !arguments->is_object()) return std::nullopt;
  const auto value = arguments->find(name);
  if (value == arguments->end()) return std::nullopt;
  if (value->is_string()) return value->get<std::string>();
  if (value->is_boolean() || value->is_number_integer()) return describe::dump_json(*value);
  return std::nullopt;
}

}  // namespace

std::span<const std::string_view> protocol_headers() {
  return protocol_header_names;
}

std::optional<std::string_view> doubled_header(const HttpRequest& request) {
  for (const std::string_view name : protocol_header_names) {
    const auto count = std::ranges::count_if(request.headers,
                                             [&](const auto& each) { return each.first == name; });
    if (count > 1) return name;
  }
  return std::nullopt;
}

bool accepts(const HttpRequest& request, std::string_view type) {
  const auto accept = header(request, "accept");
  if (!accept) return false;
  const std::string range(type.substr(0, type.find('/')));
  return accept->find(type) != std::string::npos ||
         accept->find(range + "/*") != std::string::npos ||
         accept->find("*/*") != std::string::npos;
}

bool prefers_events(const HttpRequest& request) {
  const auto accept = header(request, "accept");
  return accept && accept->find("text/event-stream") < accept->find("application/json");
}

bool names_modern_era(const HttpRequest& request) {
  const auto named = header(request, "mcp-protocol-version");
  if (!named) return header(request, "mcp-method") && !header(request, "mcp-session-id");
  const auto revision = revision_of(*named);
  return revision && is_modern(*revision);
}

std::optional<std::string> version_mismatch(const HttpRequest& request, const Message& message) {
  const auto version = modern::version_in(message.params);
  if (!version || header(request, "mcp-protocol-version") == *version) return std::nullopt;
  return must_be("MCP-Protocol-Version", *version);
}

std::optional<std::string> mismatch(const HttpRequest& request, const Message& message) {
  if (header(request, "mcp-method") != message.method) return must_be("Mcp-Method", message.method);
  const char* member = named_by(message.method);
  if (member == nullptr) return std::nullopt;
  const auto name = message.params.find(member);
  if (name == message.params.end() || !name->is_string()) return std::nullopt;
  const auto given = header(request, "mcp-name");
  const auto& wanted = name->get_ref<const std::string&>();
  if (!given || decode_header_value(*given) != wanted) return must_be("Mcp-Name", wanted);
  return std::nullopt;
}

std::optional<std::string> mismatch(const HttpRequest& request, const Json& params,
                                    const Tool& tool) {
  for (const HeaderParameter& parameter : tool.header_parameters) {
    const auto given = header(request, parameter.header);
    const auto wanted = argument_text(params, parameter.name);
    if (!given && !wanted) continue;
    if (given && wanted && decode_header_value(*given) == wanted) continue;
    return "The header " + parameter.header + " must be the argument " + parameter.name +
           " of the body, as base64 in =?base64?…?= where it is not plain.";
  }
  return std::nullopt;
}

HttpAnswer wants_no_events() {
  return refusal(406, Code::InvalidRequest,
                 "The answer is a stream: Accept must list text/event-stream.");
}

HttpAnswer too_many_streams() {
  return refusal(429, Code::LimitExceeded, "This key has too many streams open; close one first.");
}

}  // namespace mcp
