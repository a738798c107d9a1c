// What our MCP server is, on every transport.
#pragma once

#include <memory>

#include "mcp/server.hpp"
#include "tools/mcp_provider.hpp"

namespace segmentflow::app {

// `secrets` sign what clients carry.
std::shared_ptr<mcp::Server> mcp_server(mcp::Secrets secrets);

// What a client wants to see of the tools.
struct ToolOffer {
  ToolFilter filter;
  bool compact = false;  // three tools that stand for all
};

// The tools that `caller` may use, as the client wants them.
std::shared_ptr<mcp::Provider> offered_tools(const Registry& registry,
                                             std::shared_ptr<ToolLists> lists, ToolOffer offer,
                                             std::shared_ptr<OperationCaller> caller, Told told);

}  // namespace segmentflow::app
