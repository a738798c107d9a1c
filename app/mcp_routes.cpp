#include "app/mcp_routes.hpp"

#include <spdlog/spdlog.h>

#include "app/callers.hpp"
#include "app/mcp_server_info.hpp"
#include "core/base/secret.hpp"
#include "mcp/http_endpoint.hpp"
#include "schemas/describe/json.hpp"
#include "tools/rest.hpp"

namespace segmentflow::app {
namespace {

namespace http = transport::http;

constexpr const char* kPath = "/mcp";
constexpr std::string_view kToolsHeader = "x-mcp-tools";
constexpr std::string_view kReadOnlyHeader = "x-mcp-read-only";
constexpr const char* kSessionPurpose = "mcp-session";
constexpr std::size_t kNameBytes = 16;

http::Response to_response(mcp::HttpAnswer answer) {
  http::Response response;
  response.status = answer.status;
  response.headers = std::move(answer.headers);
  response.headers.emplace_back("Cache-Control", "no-store");
  if (answer.body.empty()) response.content_type.clear();
  response.body = std::move(answer.body);
  return response;
}

http::Response refused(const Error& error, std::string_view request_id) {
  http::Response response;
  RestResponse rest = rest_response(tl::unexpected(error), request_id);
  response.status = rest.status;
  response.headers = std::move(rest.headers);
  response.make_body = std::move(rest.body);
  return response;
}

// The endpoint and what its requests share.
class McpHost {
 public:
  explicit McpHost(Runtime& runtime)
      : runtime_(runtime),
        lists_(std::make_shared<ToolLists>(runtime.registry())),
        endpoint_(mcp_server_info(), {}, secrets(),
                  [](std::string_view sentence) { spdlog::error("{}", sentence); }) {}

  const mcp::ServerLimits& limits() const { return limits_; }

  void handle(http::Request request, const std::function<void(http::Response)>& respond) {
    auto groups = parse_tool_groups(runtime_.registry(), request.header(kToolsHeader).value_or(""));
    if (!groups) return respond(refused(groups.error(), request.request_id));
    const ToolFilter filter{std::move(*groups), request.header(kReadOnlyHeader) == "true"};
    const std::string secret = api_key_of(request.headers);
    auto shared = std::make_shared<http::Request>(std::move(request));
    runtime_.dispatcher().identify(
        secret, [this, secret, filter, shared, respond](Result<KeyPtr> key) {
          if (!key) return respond(refused(key.error(), shared->request_id));
          auto caller = std::make_shared<LocalCaller>(runtime_.dispatcher(), secret);
          const mcp::HttpCaller who{std::make_shared<OperationProvider>(runtime_.registry(), lists_,
                                                                        filter, std::move(caller)),
                                    (*key)->id.to_string()};
          endpoint_.handle(
              {shared->method, std::move(shared->headers), std::move(shared->body)}, who,
              [respond](mcp::HttpAnswer answer) { respond(to_response(std::move(answer))); });
        });
  }

 private:
  mcp::HttpSecrets secrets() {
    const InstallationSecret& secret = runtime_.engine().secret;
    return {[&secret](std::string_view text) { return secret.mac(kSessionPurpose, text); },
            [] {
              SystemEntropy entropy;
              return segmentflow::to_hex(random_bytes(entropy, kNameBytes));
            }};
  }

  Runtime& runtime_;
  const mcp::ServerLimits limits_;
  const std::shared_ptr<ToolLists> lists_;
  mcp::HttpEndpoint endpoint_;
};

}  // namespace

std::vector<http::Route> mcp_routes(Runtime& runtime) {
  auto host = std::make_shared<McpHost>(runtime);
  std::vector<http::Route> routes;
  for (const char* method : {"POST", "GET", "DELETE"}) {
    http::Route route;
    route.method = method;
    route.path = kPath;
    route.body_bytes_max = host->limits().message_bytes_max;
    route.handler = [host](http::Request request, std::function<void(http::Response)> respond) {
      host->handle(std::move(request), respond);
    };
    routes.push_back(std::move(route));
  }
  return routes;
}

}  // namespace segmentflow::app
