#include "mcp/provider.hpp"

namespace mcp {

std::string capabilities_json(const Features& features, Revision revision) {
  std::string out = R"({"tools":{})";
  if (features.prompts) out += R"(,"prompts":{})";
  if (features.resources) out += R"(,"resources":{})";
  if (features.completions && has_completions(revision)) out += R"(,"completions":{})";
  return out += '}';
}

}  // namespace mcp
