// What a server says about itself.
#pragma once

#include <string>

namespace mcp {

struct ServerInfo {
  std::string name;
  std::string title;
  std::string version;
  std::string instructions;  // for the model; fits on a screen
};

// Implementation of the specification as JSON text; the title only where the revision knows it.
std::string implementation_json(const ServerInfo& info, bool with_title);

}  // namespace mcp
