#include "mcp/asked.hpp"

namespace mcp {

using jsonrpc::Code;
using jsonrpc::Fault;

void Asked::complete(std::string result, std::optional<modern::Caching> caching) const {
  if (!is_modern(revision())) return answer(std::move(result));
  answer(modern::result("complete", result, server->info, caching));
}

void Asked::refuse(Code code, std::string sentence) const {
  refuse(Fault{code, std::move(sentence)});
}

Fault Asked::defect(std::string_view what) const {
  if (server->on_defect) {
    server->on_defect("A provider threw in " + request->method + ": " + std::string(what));
  }
  return {Code::InternalError,
          "The server failed in " + request->method + ". This is a defect; its log has the cause."};
}

const std::string* uri_of(const Asked& asked) {
  const auto uri = asked.params().find("uri");
  if (uri != asked.params().end() && uri->is_string()) return &uri->get_ref<const std::string&>();
  asked.refuse(Code::InvalidParams, asked.request->method + " needs params.uri, a string.");
  return nullptr;
}

}  // namespace mcp
