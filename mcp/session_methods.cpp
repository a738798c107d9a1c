// The methods about a client itself: what it wants to hear of, and how loud.
#include "mcp/asked.hpp"
#include "mcp/session.hpp"

namespace mcp {
namespace {

using jsonrpc::Code;

constexpr const char* needs_session =
    " needs a session: send initialize, and its Mcp-Session-Id with each request.";

const std::string* watched_uri(const AskedPtr& asked) {
  if (asked->request->session) return uri_of(*asked);
  asked->refuse(Code::InvalidRequest, asked->request->method + needs_session);
  return nullptr;
}

}  // namespace

void ping(const AskedPtr& asked) {
  asked->complete("{}");
}

void set_log_level(const AskedPtr& asked) {
  const auto level = asked->params().find("level");
  const auto known = level != asked->params().end() && level->is_string()
                         ? log_level_of(level->get_ref<const std::string&>())
                         : std::nullopt;
  if (!known) {
    return asked->refuse(
        Code::InvalidParams,
        "logging/setLevel needs params.level: debug, info, notice, warning, error, "
        "critical, alert or emergency.");
  }
  if (asked->request->session) asked->request->session->set_log_level(*known);
  asked->complete("{}");
}

void subscribe_resource(const AskedPtr& asked) {
  const std::string* uri = watched_uri(asked);
  if (uri == nullptr) return;
  asked->provider->may_watch(*uri, then<bool>(asked, [uri = *uri](const AskedPtr& a, bool may) {
    if (!may) return a->refuse(no_resource(a->revision(), uri));
    const std::size_t most = a->server->limits.subscriptions_max;
    if (a->request->session->subscribe(a->server->changes, uri, most)) {
      return a->complete("{}");
    }
    a->refuse(Code::LimitExceeded, "This client watches " + std::to_string(most) +
                                       " resources already; unsubscribe from one first.");
  }));
}

void unsubscribe_resource(const AskedPtr& asked) {
  const std::string* uri = watched_uri(asked);
  if (uri == nullptr) return;
  asked->request->session->unsubscribe(*uri);
  asked->complete("{}");
}

}  // namespace mcp
