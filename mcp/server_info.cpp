#include "mcp/server_info.hpp"

#include "mcp/jsonrpc.hpp"

namespace mcp {

std::string implementation_json(const ServerInfo& info, bool with_title) {
  std::string out = R"({"name":)";
  jsonrpc::append_string(out, info.name);
  if (with_title && !info.title.empty()) {
    out += R"(,"title":)";
    jsonrpc::append_string(out, info.title);
  }
  out += R"(,"version":)";
  jsonrpc::append_string(out, info.version);
  out += '}';
  return out;
}

}  // namespace mcp
