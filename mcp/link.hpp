// The way back to a client while one of its requests is under way; each transport has its own.
#pragma once

#include <string>

namespace mcp {

// Thread-safe. Nothing is sent any more once the request is answered.
class Link {
 public:
  virtual ~Link() = default;

  // Sends the JSON text of a notification, or of a request of ours, before the answer.
  virtual void send(std::string message) = 0;

  // Lets the client come back later for what is still to be sent, where the transport can do so.
  virtual void release() {}
};

}  // namespace mcp
