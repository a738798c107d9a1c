// Completion of arguments: what a person may mean by what they have typed so far.
// https://modelcontextprotocol.io/specification/2025-11-25/server/utilities/completion
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "mcp/jsonrpc.hpp"

namespace mcp {

inline constexpr std::size_t completion_values_max = 100;

struct CompletionCall {
  enum class Of { Prompt, ResourceTemplate };
  Of of = Of::Prompt;
  std::string name;  // of the prompt, or the template's address
  std::string argument;
  std::string value;  // typed so far
};

struct Completion {
  std::vector<std::string> values;  // the best first; beyond completion_values_max they are cut
  std::optional<std::size_t> total;
};

tl::expected<CompletionCall, jsonrpc::Fault> read_completion_call(const describe::Json& params);
std::string write_completion(const Completion& completion);

}  // namespace mcp
