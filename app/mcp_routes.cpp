#include "app/mcp_routes.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "app/callers.hpp"
#include "app/mcp_server.hpp"
#include "app/resource_watch.hpp"
#include "core/base/secret.hpp"
#include "tools/rest.hpp"
#include "transport/mcp/mcp_routes.hpp"

namespace segmentflow::app {
namespace {

namespace http = transport::http;
namespace mcp_http = transport::mcp_http;

constexpr std::string_view kToolsHeader = "x-mcp-tools";
constexpr std::string_view kReadOnlyHeader = "x-mcp-read-only";
constexpr std::string_view kCompactHeader = "x-mcp-compact";
constexpr const char* kSealPurpose = "mcp";

http::Response refused(const Error& error, std::string_view request_id) {
  http::Response response;
  RestResponse rest = rest_response(tl::unexpected(error), request_id);
  response.status = rest.status;
  response.headers = std::move(rest.headers);
  response.make_body = std::move(rest.body);
  return response;
}

// The header of that name. ValidationFailed when it is there twice: a proxy may have added one that
// says something else.
Result<std::optional<std::string_view>> only_header(const http::Request& request,
                                                    std::string_view name) {
  const auto is_meant = [&](const auto& each) { return each.first == name; };
  if (std::ranges::count_if(request.headers, is_meant) > 1) {
    return fail(ErrorCode::ValidationFailed,
                fmt::format("The header {} is there twice; send it once.", name));
  }
  return request.header(name);
}

// A header that is true or false; false when it is not there.
Result<bool> switch_in(const http::Request& request, std::string_view name) {
  const auto value = only_header(request, name);
  if (!value) return tl::unexpected(value.error());
  if (!*value || **value == "false") return false;
  if (**value == "true") return true;
  return fail(ErrorCode::ValidationFailed,
              fmt::format("The header {} is true or false, and not \"{}\".", name, **value));
}

mcp::Secrets secrets_of(Runtime& runtime) {
  const InstallationSecret& secret = runtime.engine().secret;
  return {[&secret](std::string_view text) { return secret.mac(kSealPurpose, text); },
          mcp::process_secrets().random_name};
}

// Finds the key of a request, and what its holder wants to see.
class Identifier {
 public:
  explicit Identifier(Runtime& runtime)
      : runtime_(runtime), lists_(std::make_shared<ToolLists>(runtime.registry())) {}

  void identify(const http::Request& request, std::function<void(mcp_http::Identified)> done) {
    const auto refuse = [&](const Error& error) { done(refused(error, request.request_id)); };
    const auto listed = only_header(request, kToolsHeader);
    if (!listed) return refuse(listed.error());
    auto groups = parse_tool_groups(runtime_.registry(), *listed);
    if (!groups) return refuse(groups.error());
    const auto read_only = switch_in(request, kReadOnlyHeader);
    if (!read_only) return refuse(read_only.error());
    const auto compact = switch_in(request, kCompactHeader);
    if (!compact) return refuse(compact.error());
    const ToolOffer offer{{std::move(*groups), *read_only}, *compact};
    const std::string secret = api_key_of(request.headers);
    runtime_.dispatcher().identify(
        secret, [this, secret, offer, id = request.request_id, done](Result<KeyPtr> key) {
          if (!key) return done(refused(key.error(), id));
          auto caller =
              std::make_shared<LocalCaller>(runtime_.dispatcher(), secret, CallSource{"mcp", id});
          done(mcp::HttpCaller{
              offered_tools(runtime_.registry(), lists_, offer, std::move(caller), true),
              (*key)->id.to_string(),
              [&dispatcher = runtime_.dispatcher(), secret](const std::function<void()>& may_not) {
                dispatcher.identify(secret, [may_not](const Result<KeyPtr>& now) {
                  if (!now && now.error().code == ErrorCode::Unauthorized) may_not();
                });
              }});
        });
  }

 private:
  Runtime& runtime_;
  const std::shared_ptr<ToolLists> lists_;
};

}  // namespace

std::vector<http::Route> mcp_routes(Runtime& runtime) {
  mcp_http::Mount mount;
  const auto server = mcp_server(secrets_of(runtime));
  mount.server = server;
  mount.identify = [identifier = std::make_shared<Identifier>(runtime),
                    watch = std::make_shared<ResourceWatch>(runtime, server->changes)](
                       const http::Request& request,
                       std::function<void(mcp_http::Identified)> done) {
    identifier->identify(request, std::move(done));
  };
  return mcp_http::mcp_routes(mount);
}

}  // namespace segmentflow::app
