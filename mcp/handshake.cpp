#include "mcp/handshake.hpp"

namespace mcp {
namespace {

using describe::Json;
using jsonrpc::Code;
using jsonrpc::Fault;

// A member that may be absent but must otherwise be an object.
bool is_object_or_absent(const Json& params, const char* name) {
  auto found = params.find(name);
  return found == params.end() || found->is_object();
}

}  // namespace

tl::expected<Revision, Fault> negotiate(const Json& params) {
  auto version = params.find("protocolVersion");
  if (version == params.end() || !version->is_string()) {
    return tl::unexpected(
        Fault{Code::InvalidParams,
              "initialize needs params.protocolVersion, a string such as \"2025-11-25\"."});
  }
  for (const char* name : {"capabilities", "clientInfo"}) {
    if (is_object_or_absent(params, name)) continue;
    return tl::unexpected(Fault{Code::InvalidParams, "The params." + std::string(name) +
                                                         " of initialize must be an object."});
  }
  const auto asked = revision_of(version->get_ref<const std::string&>());
  return asked && !is_modern(*asked) ? *asked : latest_legacy_revision;
}

std::string initialize_result(const ServerInfo& info, const Features& features, Revision revision) {
  std::string out = R"({"protocolVersion":")";
  out += text_of(revision);
  out += R"(","capabilities":)";
  out += capabilities_json(features, revision, false);
  out += R"(,"serverInfo":)";
  out += implementation_json(info, has_titles(revision));
  if (!info.instructions.empty()) {
    out += R"(,"instructions":)";
    jsonrpc::append_string(out, info.instructions);
  }
  out += '}';
  return out;
}

ClientFacts client_facts(const Json& params) {
  const auto capabilities = params.find("capabilities");
  return capabilities == params.end() ? ClientFacts{} : ClientFacts{*capabilities};
}

}  // namespace mcp
