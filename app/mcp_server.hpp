// What our MCP server is, on every transport.
#pragma once

#include <memory>

#include "mcp/server.hpp"

namespace segmentflow::app {

// `secrets` sign what clients carry.
std::shared_ptr<mcp::Server> mcp_server(mcp::Secrets secrets);

}  // namespace segmentflow::app
