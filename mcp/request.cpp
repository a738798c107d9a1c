#include "mcp/request.hpp"

namespace mcp {

const Json* metadata(const Json& params, const char* key) {
  const auto meta = params.find("_meta");
  if (meta == params.end() || !meta->is_object()) return nullptr;
  const auto found = meta->find(key);
  return found == meta->end() ? nullptr : &*found;
}

}  // namespace mcp
