// What a server offers as prompts: texts that a person picks and a model answers.
// https://modelcontextprotocol.io/specification/2025-11-25/server/prompts
#pragma once

#include <string>
#include <vector>

#include "mcp/content.hpp"
#include "mcp/jsonrpc.hpp"
#include "mcp/revision.hpp"

namespace mcp {

struct PromptArgument {
  std::string name;
  std::string title;
  std::string description;
  bool is_required = false;
};

struct Prompt {
  std::string name;
  std::string title;
  std::string description;
  std::vector<PromptArgument> arguments;
};

struct PromptMessage {
  enum class Role { User, Assistant };
  Role role = Role::User;
  Json content;  // a content block
};

struct PromptResult {
  std::string description;
  std::vector<PromptMessage> messages;
};

struct PromptCall {
  std::string name;
  Json arguments;  // an object of strings
};

// The results of prompts/list and prompts/get as JSON text in the shape of `revision`.
std::string write_prompt_list(const std::vector<Prompt>& prompts, Revision revision);
std::string write_prompt_result(const PromptResult& result);

// Reads the params of prompts/get against the prompt of that name. InvalidParams for an unknown
// prompt, an argument that is missing, unknown or no string.
tl::expected<PromptCall, jsonrpc::Fault> read_prompt_call(const std::vector<Prompt>& prompts,
                                                          const Json& params);

}  // namespace mcp
