// The handshake of the legacy era: what a client asks for with `initialize`, and what it gets.
// https://modelcontextprotocol.io/specification/2025-11-25/basic/lifecycle
#pragma once

#include <string>
#include <tl/expected.hpp>

#include "mcp/client_facts.hpp"
#include "mcp/jsonrpc.hpp"
#include "mcp/provider.hpp"
#include "mcp/revision.hpp"
#include "mcp/server_info.hpp"

namespace mcp {

// The revision that a client with these params of `initialize` is served under: the one it asks
// for, or the latest of the era; the client decides whether it goes on. InvalidParams.
tl::expected<Revision, jsonrpc::Fault> negotiate(const describe::Json& params);

// The result of `initialize`.
std::string initialize_result(const ServerInfo& info, const Features& features, Revision revision);

// What the client says of itself in the params of `initialize`.
ClientFacts client_facts(const describe::Json& params);

}  // namespace mcp
