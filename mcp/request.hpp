// One request and the circumstances it is made under.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "mcp/cancellation.hpp"
#include "mcp/client_facts.hpp"
#include "mcp/jsonrpc.hpp"
#include "mcp/link.hpp"
#include "mcp/revision.hpp"

namespace mcp {

class Session;

struct Request {
  Revision revision = latest_legacy_revision;
  std::string id;  // JSON text
  std::string method;
  Json params;                                // an object
  std::shared_ptr<const ClientFacts> client;  // never null
  std::shared_ptr<Session> session;  // of the legacy era; null for a call outside any session
  std::shared_ptr<Link> link;        // never null
  std::string identity;              // whose request it is, "" when the transport has one client
  Cancellation cancellation;
};
using RequestPtr = std::shared_ptr<Request>;

// Gets the outcome of one request, exactly once; later ones are ignored.
using Answer = std::function<void(jsonrpc::Outcome)>;

// The request that a message is. Its link and what its era adds are still to be set.
RequestPtr make_request(jsonrpc::Message message, Revision revision,
                        std::shared_ptr<const ClientFacts> client, std::string identity);

// The member of params._meta; nullptr when there is none.
const Json* metadata(const Json& params, const char* key);

}  // namespace mcp
