#include "mcp/input.hpp"

#include <utility>

namespace mcp {
namespace {

using jsonrpc::Code;
using jsonrpc::Fault;

// The capability that a client needs to answer the method: its first part.
std::string capability_for(std::string_view method) {
  return std::string(method.substr(0, method.find('/')));
}

}  // namespace

InputRequest elicitation(std::string name, std::string_view message, Json schema) {
  return {std::move(name), "elicitation/create",
          Json{{"message", message}, {"requestedSchema", std::move(schema)}}, false};
}

std::optional<Fault> missing_capability(const std::vector<InputRequest>& requests,
                                        const ClientFacts& client) {
  Json missing = Json::object();
  for (const InputRequest& request : requests) {
    const std::string capability = capability_for(request.method);
    if (!client.can(capability)) missing[capability] = Json::object();
  }
  if (missing.empty()) return std::nullopt;
  return missing_capability(
      "This call has to ask the client, which has not declared that it can be asked. Use a client "
      "with the capabilities in data.requiredCapabilities.",
      missing);
}

Fault missing_capability(std::string_view sentence, const Json& capabilities) {
  return {Code::MissingClientCapability, std::string(sentence),
          describe::dump_json(Json{{"requiredCapabilities", capabilities}})};
}

tl::expected<Json, Fault> read_input_responses(const Json& params) {
  const auto found = params.find("inputResponses");
  if (found == params.end()) return Json::object();
  bool well_formed = found->is_object();
  if (well_formed) {
    for (const auto& response : *found) well_formed = well_formed && response.is_object();
  }
  if (well_formed) return *found;
  return tl::unexpected(
      Fault{Code::InvalidParams,
            "params.inputResponses must be an object with an object for each of the inputRequests, "
            "by the same name."});
}

std::string input_requests_member(const std::vector<InputRequest>& requests) {
  std::string out = R"("inputRequests":{)";
  bool first = true;
  for (const InputRequest& request : requests) {
    if (!std::exchange(first, false)) out += ',';
    jsonrpc::append_string(out, request.name);
    out += R"(:{"method":)";
    jsonrpc::append_string(out, request.method);
    out.append(R"(,"params":)").append(describe::dump_json(request.params)).append("}");
  }
  return out += '}';
}

}  // namespace mcp
