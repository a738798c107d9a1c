// MCP over HTTP: the endpoint /mcp, for hosts and connectors elsewhere.
#pragma once

#include <string_view>
#include <vector>

#include "app/runtime.hpp"
#include "transport/http/server.hpp"

namespace segmentflow::app {

// The headers by which a client narrows what it is offered; in lower case.
inline constexpr std::string_view kToolsHeader = "x-mcp-tools";
inline constexpr std::string_view kReadOnlyHeader = "x-mcp-read-only";
inline constexpr std::string_view kCompactHeader = "x-mcp-compact";

// POST, GET and DELETE /mcp. Each request shows its key; without a live one it is answered 401.
std::vector<transport::http::Route> mcp_routes(Runtime& runtime);

}  // namespace segmentflow::app
