// Puts an MCP endpoint on the routes of an HTTP server: what the MCP library says in its own terms
// becomes requests, responses and bodies that come bit by bit.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "mcp/http_endpoint.hpp"
#include "transport/http/server.hpp"

namespace transport::mcp_http {

// Who asks, or the response that refuses the request.
using Identified = std::variant<mcp::HttpCaller, http::Response>;
// Finds that out for one request. `done` is called exactly once, from any thread.
using Identify =
    std::function<void(const http::Request& request, std::function<void(Identified)> done)>;

struct Mount {
  std::string path = "/mcp";                // Streamable HTTP
  std::string sse_path = "/sse";            // the transport before it: its stream,
  std::string messages_path = "/messages";  // and where its messages go
  std::shared_ptr<const mcp::Server> server;
  mcp::HttpLimits limits;
  // Asked by the head of a request, before its body is taken; may be empty.
  http::Authenticate authenticate;
  Identify identify;
};

// The headers of the protocol, each of which may be there once.
std::vector<http::SingleHeader> single_headers();

// Both transports on the mount's paths. The routes own the endpoints.
std::vector<http::Route> mcp_routes(const Mount& mount);

}  // namespace transport::mcp_http
