// The modern era (2026-07-28 and later): there is no handshake; each request says in its _meta what
// a handshake would have said, and each result says of what type it is.
// https://modelcontextprotocol.io/specification/2026-07-28/basic
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "mcp/client_facts.hpp"
#include "mcp/jsonrpc.hpp"
#include "mcp/provider.hpp"
#include "mcp/revision.hpp"
#include "mcp/server_info.hpp"

namespace mcp::modern {

using describe::Json;

inline constexpr const char* version_key = "io.modelcontextprotocol/protocolVersion";
inline constexpr const char* capabilities_key = "io.modelcontextprotocol/clientCapabilities";
inline constexpr const char* log_level_key = "io.modelcontextprotocol/logLevel";

// Whether the message is one of the modern era: its params carry the metadata, or its method exists
// in no other.
bool is_modern_message(const jsonrpc::Message& message);

// The protocol version that the params name, "" for one that is no text; nullopt when they name
// none. It points into the params.
std::optional<std::string_view> version_in(const Json& params);

// What a request says of itself.
struct Metadata {
  Revision revision;
  std::shared_ptr<const ClientFacts> client;
};
// Reads the metadata of params. Faults: InvalidParams for metadata that is missing or malformed,
// UnsupportedProtocolVersion.
tl::expected<Metadata, jsonrpc::Fault> read_metadata(const Json& params);

jsonrpc::Fault unsupported_version(std::string_view requested);

// How long clients may keep a result, and who may share it.
struct Caching {
  int ttl_ms = 0;
  bool is_private = true;
};

// `body`, the JSON text of an object, with the members that every result carries, and with
// caching hints where the method has them. `type`: complete, input_required or task.
std::string result(std::string_view type, std::string_view body, const ServerInfo& info,
                   std::optional<Caching> caching = std::nullopt);

// The result of server/discover.
std::string discover_result(const ServerInfo& info, const Features& features, bool has_tasks);

}  // namespace mcp::modern
