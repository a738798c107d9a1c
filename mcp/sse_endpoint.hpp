// MCP over HTTP as it was before Streamable HTTP: a stream of events that names an address, to
// which the client posts its messages; the answers come on the stream. A session lives on one node
// and ends with its stream.
// https://modelcontextprotocol.io/specification/2024-11-05/basic/transports#http-with-sse
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "mcp/http_endpoint.hpp"
#include "mcp/http_message.hpp"
#include "mcp/server.hpp"

namespace mcp {

// Thread-safe.
class SseEndpoint : public std::enable_shared_from_this<SseEndpoint> {
 public:
  // `messages_path`: where messages are posted, with the session's id as the query sessionId.
  SseEndpoint(std::shared_ptr<const Server> server, const HttpLimits& limits,
              std::string messages_path);

  // A GET of the stream.
  HttpAnswer open(const HttpRequest& request, const HttpCaller& caller);
  // A POST of one message to a session.
  HttpAnswer post(const std::string& session_id, const HttpRequest& request,
                  const HttpCaller& caller);

 private:
  struct Client {
    std::string identity;
    std::shared_ptr<Connection> connection;
  };

  std::size_t count(const std::string& identity) const;  // under mutex_
  void drop(const std::string& id);

  const std::shared_ptr<const Server> server_;
  const HttpLimits limits_;
  const std::string messages_path_;
  std::mutex mutex_;
  std::unordered_map<std::string, Client> clients_;
};

}  // namespace mcp
