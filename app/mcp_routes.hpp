// MCP over HTTP: the endpoint /mcp, for hosts and connectors elsewhere.
#pragma once

#include <vector>

#include "app/runtime.hpp"
#include "transport/http/server.hpp"

namespace segmentflow::app {

// POST, GET and DELETE /mcp. Each request shows its key; without a live one it is answered 401.
std::vector<transport::http::Route> mcp_routes(Runtime& runtime);

}  // namespace segmentflow::app
