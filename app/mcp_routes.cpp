#include "app/mcp_routes.hpp"

#include <fmt/format.h>

#include "app/callers.hpp"
#include "app/http_routes.hpp"
#include "app/mcp_server.hpp"
#include "app/resource_watch.hpp"
#include "core/base/secret.hpp"
#include "tools/rest.hpp"
#include "transport/mcp/mcp_routes.hpp"

namespace segmentflow::app {
namespace {

namespace http = transport::http;
namespace mcp_http = transport::mcp_http;

constexpr const char* kSealPurpose = "mcp";

// A header that is true or false; false when it is not there.
Result<bool> switch_in(const http::Request& request, std::string_view name) {
  const auto value = request.header(name);
  if (!value || *value == "false") return false;
  if (*value == "true") return true;
  return fail(ErrorCode::ValidationFailed,
              fmt::format("The header {} is true or false, and not \"{}\".", name, *value));
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
    const auto refuse = [&](const Error& error) {
      done(http_response(tl::unexpected(error), request.request_id));
    };
    auto groups = parse_tool_groups(runtime_.registry(), request.header(kToolsHeader));
    if (!groups) return refuse(groups.error());
    const auto read_only = switch_in(request, kReadOnlyHeader);
    if (!read_only) return refuse(read_only.error());
    const auto compact = switch_in(request, kCompactHeader);
    if (!compact) return refuse(compact.error());
    const ToolOffer offer{{std::move(*groups), *read_only}, *compact};
    const auto given = api_key_of(request.headers);
    if (!given) return refuse(given.error());
    CallSource source{"mcp", request.request_id};
    source.input_bytes = request.body.size();
    runtime_.dispatcher().identify(*given, [this, secret = *given, offer, id = request.request_id,
                                            source, done](Result<KeyPtr> key) {
      if (!key) return done(http_response(tl::unexpected(key.error()), id));
      auto caller = std::make_shared<LocalCaller>(runtime_.dispatcher(), secret, source);
      done(mcp::HttpCaller{
          offered_tools(runtime_.registry(), lists_, offer, std::move(caller), {.resources = true}),
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
  mount.authenticate = authenticate(runtime);
  mount.identify = [identifier = std::make_shared<Identifier>(runtime),
                    watch = std::make_shared<ResourceWatch>(runtime, server)](
                       const http::Request& request,
                       std::function<void(mcp_http::Identified)> done) {
    identifier->identify(request, std::move(done));
  };
  return mcp_http::mcp_routes(mount);
}

}  // namespace segmentflow::app
