#include "mcp/completion.hpp"

namespace mcp {
namespace {

using describe::Json;
using jsonrpc::Code;
using jsonrpc::Fault;

tl::unexpected<Fault> refuse(std::string sentence) {
  return tl::unexpected(Fault{Code::InvalidParams, std::move(sentence)});
}

// The text member of an object member, nullptr when it is not there.
const std::string* text_in(const Json& params, const char* object, const char* name) {
  const auto outer = params.find(object);
  if (outer == params.end() || !outer->is_object()) return nullptr;
  const auto inner = outer->find(name);
  return inner != outer->end() && inner->is_string() ? &inner->get_ref<const std::string&>()
                                                     : nullptr;
}

}  // namespace

tl::expected<CompletionCall, Fault> read_completion_call(const Json& params) {
  CompletionCall call;
  const std::string* type = text_in(params, "ref", "type");
  const bool is_prompt = type != nullptr && *type == "ref/prompt";
  if (!is_prompt && (type == nullptr || *type != "ref/resource")) {
    return refuse("completion/complete needs params.ref.type, ref/prompt or ref/resource.");
  }
  call.of = is_prompt ? CompletionCall::Of::Prompt : CompletionCall::Of::ResourceTemplate;
  const std::string* name = text_in(params, "ref", is_prompt ? "name" : "uri");
  const std::string* argument = text_in(params, "argument", "name");
  const std::string* value = text_in(params, "argument", "value");
  if (name == nullptr || argument == nullptr || value == nullptr) {
    return refuse(
        "completion/complete needs params.ref with name or uri, and params.argument with name and "
        "value; all are strings.");
  }
  call.name = *name;
  call.argument = *argument;
  call.value = *value;
  return call;
}

std::string write_completion(const Completion& completion) {
  Json values = Json::array();
  for (const std::string& value : completion.values) {
    if (values.size() == completion_values_max) break;
    values.push_back(value);
  }
  const std::size_t total = completion.total.value_or(completion.values.size());
  const bool has_more = total > values.size();
  Json json = {
      {"completion", {{"values", std::move(values)}, {"total", total}, {"hasMore", has_more}}}};
  return describe::dump_json(json);
}

}  // namespace mcp
