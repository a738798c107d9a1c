// One MCP endpoint over Streamable HTTP, without I/O: what of an HTTP request matters goes in, what
// is to be answered comes out. It serves both eras at once, and may run on many nodes behind any
// round-robin and across restarts, because sessions are signed ids. What a session has beyond that
// lives on the node that it was made on: a server's questions to a legacy client, its subscriptions
// and streams to be taken up again want a route that sticks to the node.
// https://modelcontextprotocol.io/specification/2025-11-25/basic/transports and
// https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http
//
// Answers are JSON, or a stream of events where a handler says something before its result. Host,
// Origin, authentication, limits of the body and timeouts are the transport's and its owner's.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "mcp/http_link.hpp"
#include "mcp/http_message.hpp"
#include "mcp/http_session.hpp"
#include "mcp/provider.hpp"
#include "mcp/server.hpp"

namespace mcp {

// Who asks, as the owner found out for this very request.
struct HttpCaller {
  std::shared_ptr<Provider> provider;
  std::string identity;  // sessions and tasks belong to it
  // Whether it is still the caller; for streams, which outlive the request. Empty: for ever.
  EventStream::Check check = {};
};

// Thread-safe.
class HttpEndpoint {
 public:
  using Done = std::function<void(HttpAnswer)>;

  explicit HttpEndpoint(std::shared_ptr<const Server> server, const HttpLimits& limits = {});

  // `done` is called exactly once, from any thread. Never throws.
  void handle(const HttpRequest& request, const HttpCaller& caller, Done done);

 private:
  // A message of the legacy era and where it comes from.
  struct Legacy {
    Revision revision;
    std::shared_ptr<HttpSession> session;  // null for a call outside any session
    HttpCaller caller;
  };

  struct EventWishes {
    bool accepted;
    bool preferred;
  };

  void get(const HttpRequest& request, const HttpCaller& caller, const Done& done);
  void post(const HttpRequest& request, const HttpCaller& caller, const Done& done);
  void post_legacy(const HttpRequest& request, Json value, jsonrpc::Message message,
                   const HttpCaller& caller, const Done& done);
  void post_batch(Json batch, const Legacy& from, const Done& done);
  void legacy_message(jsonrpc::Message message, const Legacy& from,
                      const std::shared_ptr<HttpLink>& link);
  void legacy_request(jsonrpc::Message message, const Legacy& from,
                      const std::shared_ptr<HttpLink>& link);
  void post_modern(const HttpRequest& request, jsonrpc::Message message, const HttpCaller& caller,
                   const Done& done);
  void run_modern(RequestPtr request, const HttpCaller& caller, EventWishes wants,
                  const Done& done);
  HttpAnswer initialize(const jsonrpc::Message& message, const HttpCaller& caller);
  HttpAnswer end_session(const HttpRequest& request, const HttpCaller& caller);

  // Counts a stream as one of the client's for as long as it lives; false when there are too many.
  std::function<bool(EventStream&)> admission(const HttpCaller& caller);

  struct StreamCounts {
    std::mutex mutex;
    std::unordered_map<std::string, std::size_t> open;  // by the client's identity
  };

  const std::shared_ptr<const Server> server_;
  const HttpLimits limits_;
  const std::shared_ptr<StreamCounts> streams_ = std::make_shared<StreamCounts>();
  SessionTable sessions_;
};

}  // namespace mcp
