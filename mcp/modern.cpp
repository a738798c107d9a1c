#include "mcp/modern.hpp"

#include "mcp/request.hpp"

namespace mcp::modern {
namespace {

using jsonrpc::Code;
using jsonrpc::Fault;

// What the server can do changes with its version only.
constexpr Caching discover_caching{3'600'000, false};

const std::shared_ptr<const ClientFacts>& no_capabilities() {
  static const auto none = std::make_shared<const ClientFacts>();
  return none;
}

std::string versions_json() {
  std::string out = "[";
  for (const std::string_view text : revision_texts) {
    if (out.size() > 1) out += ',';
    jsonrpc::append_string(out, text);
  }
  return out += ']';
}

}  // namespace

bool is_modern_message(const jsonrpc::Message& message) {
  return message.method == "server/discover" || version_in(message.params).has_value();
}

std::optional<std::string_view> version_in(const Json& params) {
  const Json* version = metadata(params, version_key);
  if (version == nullptr) return std::nullopt;
  return version->is_string() ? std::string_view(version->get_ref<const std::string&>()) : "";
}

tl::expected<Metadata, Fault> read_metadata(const Json& params) {
  const auto version = version_in(params);
  if (!version || version->empty()) {
    return tl::unexpected(
        Fault{Code::InvalidParams, std::string("Each request needs params._meta[\"") + version_key +
                                       "\"], a string such as \"2026-07-28\"."});
  }
  const auto revision = revision_of(*version);
  if (!revision || !is_modern(*revision)) return tl::unexpected(unsupported_version(*version));
  const Json* capabilities = metadata(params, capabilities_key);
  if (capabilities == nullptr || !capabilities->is_object()) {
    return tl::unexpected(
        Fault{Code::InvalidParams,
              std::string("Each request needs params._meta[\"") + capabilities_key +
                  "\"], an object; an empty one when the client has no capabilities."});
  }
  if (capabilities->empty()) return Metadata{*revision, no_capabilities()};
  return Metadata{*revision, std::make_shared<const ClientFacts>(ClientFacts{*capabilities})};
}

Fault unsupported_version(std::string_view requested) {
  std::string data = R"({"supported":)" + versions_json() + R"(,"requested":)";
  jsonrpc::append_string(data, requested);
  return {Code::UnsupportedProtocolVersion,
          "This server does not speak protocol version " + jsonrpc::quoted(requested) +
              "; use one of those in data.supported.",
          data += '}'};
}

std::string result(std::string_view type, std::string_view body, const ServerInfo& info,
                   std::optional<Caching> caching) {
  const std::string about = implementation_json(info, true);
  std::string out;
  out.reserve(body.size() + about.size() + 128);
  out.append(R"({"resultType":")").append(type).append(R"(",)");
  if (caching) {
    out.append(R"("ttlMs":)").append(std::to_string(caching->ttl_ms));
    out += caching->is_private ? R"(,"cacheScope":"private",)" : R"(,"cacheScope":"public",)";
  }
  out.append(R"("_meta":{"io.modelcontextprotocol/serverInfo":)").append(about);
  // A body that begins with metadata of its own goes on in ours.
  constexpr std::string_view own_metadata = R"({"_meta":{)";
  if (body.starts_with(own_metadata))
    return out.append(",").append(body.substr(own_metadata.size()));
  out += '}';
  if (body.size() > 2) out += ',';
  return out.append(body.substr(1));
}

std::string discover_result(const ServerInfo& info, const Features& features, bool has_tasks) {
  std::string body = R"({"supportedVersions":)" + versions_json() + R"(,"capabilities":)" +
                     capabilities_json(features, Revision::V2026_07_28, has_tasks) +
                     R"(,"serverInfo":)" + implementation_json(info, true);
  if (!info.instructions.empty()) {
    body += R"(,"instructions":)";
    jsonrpc::append_string(body, info.instructions);
  }
  return result("complete", body += '}', info, discover_caching);
}

}  // namespace mcp::modern
