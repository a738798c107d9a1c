// What our MCP server says about itself, on every transport.
#pragma once

#include "mcp/server_info.hpp"

namespace segmentflow::app {

mcp::ServerInfo mcp_server_info();

}  // namespace segmentflow::app
