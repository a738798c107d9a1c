#include "mcp/request.hpp"

#include <utility>

namespace mcp {

RequestPtr make_request(jsonrpc::Message message, Revision revision,
                        std::shared_ptr<const ClientFacts> client, std::string identity) {
  auto request = std::make_shared<Request>();
  request->revision = revision;
  request->id = std::move(message.id);
  request->method = std::move(message.method);
  request->params = std::move(message.params);
  request->client = std::move(client);
  request->identity = std::move(identity);
  return request;
}

const Json* metadata(const Json& params, const char* key) {
  const auto meta = params.find("_meta");
  if (meta == params.end() || !meta->is_object()) return nullptr;
  const auto found = meta->find(key);
  return found == meta->end() ? nullptr : &*found;
}

}  // namespace mcp
