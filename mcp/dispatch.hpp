// The era-neutral core: one request and the revision it is made under give one outcome. Knows no
// connection, id, handshake or transport; whoever holds those (a legacy Connection, a stateless
// request of a later revision) asks here.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "mcp/jsonrpc.hpp"
#include "mcp/provider.hpp"
#include "mcp/revision.hpp"
#include "mcp/server_info.hpp"

namespace mcp {

// Gets the outcome of one request, exactly once; later ones are ignored.
using Answer = std::function<void(jsonrpc::Outcome)>;

// Gets a sentence about a defect, such as an exception out of a provider, for a log; from any
// thread.
using DefectLog = std::function<void(std::string_view)>;

class Dispatcher {
 public:
  Dispatcher(std::shared_ptr<const ServerInfo> info, std::shared_ptr<Provider> provider,
             DefectLog on_defect);

  Features features() const;

  // Whether `dispatch` has an answer to this method under this revision.
  bool knows(Revision revision, std::string_view method) const;

  // Answers a request whose method `knows`. Never throws: an exception of the provider goes to the
  // defect log and is answered as an internal error without its text, which might hold secrets.
  void dispatch(Revision revision, jsonrpc::Message request, Answer answer) const;

  struct Parts;  // for the sources of this library

 private:
  std::shared_ptr<const Parts> parts_;
};

jsonrpc::Fault unknown_method(std::string_view method);

}  // namespace mcp
