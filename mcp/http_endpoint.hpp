// One MCP endpoint over Streamable HTTP, without I/O: what of an HTTP request matters goes in, what
// is to be answered comes out. It serves both eras at once. No state is shared between requests:
// sessions are signed ids, so an endpoint may run on many nodes behind any round-robin and across
// restarts. https://modelcontextprotocol.io/specification/2025-11-25/basic/transports and
// https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http
//
// Answers are JSON. Host, Origin, authentication, limits of the body and timeouts are the
// transport's and its owner's.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "mcp/dispatch.hpp"
#include "mcp/server.hpp"

namespace mcp {

struct HttpRequest {
  std::string method;                                        // GET, POST or DELETE
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  std::string body;
};

struct HttpAnswer {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;  // JSON; "" for none
};

// Who asks, as the owner found out for this very request.
struct HttpCaller {
  std::shared_ptr<Provider> provider;
  std::string identity;  // sessions belong to it
};

// What signs session ids. Both are called from any thread.
struct HttpSecrets {
  std::function<std::string(std::string_view)> mac;  // a keyed hash, at least 16 bytes
  std::function<std::string()> random_name;          // unguessable, visible ASCII without '.'
};

// Thread-safe.
class HttpEndpoint {
 public:
  using Done = std::function<void(HttpAnswer)>;

  HttpEndpoint(ServerInfo info, ServerLimits limits, HttpSecrets secrets, DefectLog on_defect);

  // `done` is called exactly once, from any thread. Never throws.
  void handle(HttpRequest request, const HttpCaller& caller, Done done);

 private:
  void post(const HttpRequest& request, const HttpCaller& caller, const Done& done);
  void post_batch(Json batch, Revision revision, const HttpCaller& caller, const Done& done);
  void post_modern(const HttpRequest& request, jsonrpc::Message message, const HttpCaller& caller,
                   const Done& done);
  void legacy_message(jsonrpc::Message message, Revision revision, const HttpCaller& caller,
                      const std::function<void(std::string)>& outlet);
  HttpAnswer initialize(const jsonrpc::Message& message, const HttpCaller& caller);
  HttpAnswer end_session(const HttpRequest& request, const HttpCaller& caller);

  std::string new_session(Revision revision, const HttpCaller& caller);
  // The revision of the caller's session; nullopt when the id is none of its, or has ended here.
  std::optional<Revision> session_revision(const std::string& id, const HttpCaller& caller);
  std::string signature(std::string_view text, std::string_view identity) const;

  const std::shared_ptr<const ServerInfo> info_;
  const ServerLimits limits_;
  const HttpSecrets secrets_;
  const DefectLog on_defect_;

  // Sessions that were ended here. An id is all there is to a session, so it is only refused where
  // its end is known; beyond ended_max the oldest are forgotten.
  static constexpr std::size_t ended_max = 10'000;
  std::mutex mutex_;
  std::unordered_set<std::string> ended_;
  std::deque<std::string> ended_order_;
};

}  // namespace mcp
