// The way back to a client while one of its requests is under way; each transport has its own.
#pragma once

#include <string>

namespace mcp {

// Thread-safe. Nothing is sent any more once the request is answered.
class Link {
 public:
  virtual ~Link() = default;

  // Sends the JSON text of a notification, or of a request of ours, before the answer. False when
  // it cannot reach the client.
  virtual bool send(std::string message) = 0;

  // False when no question can reach the client before the answer, or none would be answered.
  virtual bool can_send() const { return true; }

  // Lets the client come back later for what is still to be sent, where the transport can do so.
  virtual void release() {}
};

}  // namespace mcp
