// The prompts that our MCP server offers: what an operator would really pick.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mcp/prompts.hpp"

namespace segmentflow {

struct OfferedPrompt {
  mcp::Prompt prompt;
  std::vector<std::string_view> tools;  // that its text names; offered to who may call them all
  std::string (*text)(const describe::Json& arguments);
};

std::span<const OfferedPrompt> offered_prompts();

}  // namespace segmentflow
