// The era-neutral core: one request gives one outcome. Knows no id, handshake or transport; those
// who hold these (a Connection, an HTTP endpoint) ask here.
#pragma once

#include <memory>
#include <string_view>

#include "mcp/provider.hpp"
#include "mcp/request.hpp"
#include "mcp/server.hpp"

namespace mcp {

// Whether there is an answer to this method under this revision.
bool knows_method(const Provider& provider, const Server& server, Revision revision,
                  std::string_view method);

// Answers a request whose method is known, through the server's middleware. Never throws: an
// exception of the provider goes to the defect log and is answered as an internal error without its
// text, which might hold secrets. `answer` is called once.
void dispatch(const std::shared_ptr<const Server>& server,
              const std::shared_ptr<Provider>& provider, RequestPtr request, Answer answer);

jsonrpc::Fault unknown_method(std::string_view method);

}  // namespace mcp
