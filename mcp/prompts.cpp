#include "mcp/prompts.hpp"

#include <algorithm>

#include "schemas/describe/parse.hpp"

namespace mcp {
namespace {

using jsonrpc::Code;
using jsonrpc::Fault;

tl::unexpected<Fault> refuse(std::string sentence) {
  return tl::unexpected(Fault{Code::InvalidParams, std::move(sentence)});
}

void add_texts(Json& json, const std::string& title, const std::string& description,
               Revision revision) {
  if (has_titles(revision) && !title.empty()) json["title"] = title;
  if (!description.empty()) json["description"] = description;
}

std::string did_you_mean(std::string_view name, const std::vector<std::string_view>& known) {
  const std::string nearest = describe::nearest_name(name, known);
  return nearest.empty() ? "" : " Did you mean " + jsonrpc::quoted(nearest) + "?";
}

tl::expected<const Prompt*, Fault> find_prompt(const std::vector<Prompt>& prompts,
                                               const std::string& name) {
  const auto found = std::ranges::find(prompts, name, &Prompt::name);
  if (found != prompts.end()) return &*found;
  std::vector<std::string_view> known;
  for (const Prompt& prompt : prompts) known.push_back(prompt.name);
  return refuse("Unknown prompt " + jsonrpc::quoted(name) + "." + did_you_mean(name, known) +
                " prompts/list gives those you may use.");
}

}  // namespace

std::string write_prompt_list(const std::vector<Prompt>& prompts, Revision revision) {
  Json list = Json::array();
  for (const Prompt& prompt : prompts) {
    Json json = {{"name", prompt.name}};
    add_texts(json, prompt.title, prompt.description, revision);
    Json arguments = Json::array();
    for (const PromptArgument& argument : prompt.arguments) {
      Json each = {{"name", argument.name}};
      add_texts(each, argument.title, argument.description, revision);
      each["required"] = argument.is_required;
      arguments.push_back(std::move(each));
    }
    json["arguments"] = std::move(arguments);
    list.push_back(std::move(json));
  }
  return describe::dump_json(Json{{"prompts", std::move(list)}});
}

std::string write_prompt_result(const PromptResult& result) {
  Json messages = Json::array();
  for (const PromptMessage& message : result.messages) {
    const bool is_user = message.role == PromptMessage::Role::User;
    messages.push_back({{"role", is_user ? "user" : "assistant"}, {"content", message.content}});
  }
  Json json = Json::object();
  if (!result.description.empty()) json["description"] = result.description;
  json["messages"] = std::move(messages);
  return describe::dump_json(json);
}

tl::expected<PromptCall, Fault> read_prompt_call(const std::vector<Prompt>& prompts,
                                                 const Json& params) {
  const auto name = params.find("name");
  if (name == params.end() || !name->is_string()) {
    return refuse("prompts/get needs params.name, a string; prompts/list gives the names.");
  }
  PromptCall call{name->get<std::string>(), Json::object()};
  const auto prompt = find_prompt(prompts, call.name);
  if (!prompt) return tl::unexpected(prompt.error());
  const auto given = params.find("arguments");
  if (given != params.end() && !given->is_null()) {
    if (!given->is_object()) return refuse("The params.arguments must be an object of strings.");
    call.arguments = *given;
  }
  std::vector<std::string_view> known;
  for (const PromptArgument& argument : (*prompt)->arguments) {
    known.push_back(argument.name);
    if (argument.is_required && !call.arguments.contains(argument.name)) {
      return refuse("The prompt " + call.name + " needs the argument " + argument.name + ": " +
                    argument.description);
    }
  }
  for (const auto& [key, value] : call.arguments.items()) {
    if (std::ranges::find(known, key) == known.end()) {
      return refuse("The prompt " + call.name + " has no argument " + jsonrpc::quoted(key) + "." +
                    did_you_mean(key, known));
    }
    if (!value.is_string()) return refuse("The argument " + key + " must be a string.");
  }
  return call;
}

}  // namespace mcp
