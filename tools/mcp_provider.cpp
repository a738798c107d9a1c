#include "tools/mcp_provider.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tools/mcp_prompts.hpp"

namespace segmentflow {
namespace {

using describe::Direction;
using describe::Json;

bool answers_object(const Operation& operation) {
  return operation.response->kind == describe::Kind::Object;
}

// MCP wants an object: an answer that is none is wrapped.
Json output_schema(const Operation& operation) {
  Json schema = describe::schema_of(*operation.response, Direction::Output);
  if (answers_object(operation)) return schema;
  Json wrapped = Json::object();
  wrapped["type"] = "object";
  wrapped["properties"] = {{"items", std::move(schema)}};
  wrapped["required"] = {"items"};
  wrapped["additionalProperties"] = false;
  return wrapped;
}

mcp::Tool tool_of(const Operation& operation) {
  mcp::Tool tool;
  tool.name = operation.info.tool;
  tool.title = operation.info.title;
  tool.description = operation.info.description;
  tool.hints = {operation.info.hints.read_only, operation.info.hints.destructive,
                operation.info.hints.idempotent, operation.info.hints.open_world};
  tool.input_schema =
      describe::dump_json(describe::schema_of(*operation.request, Direction::Input));
  tool.output_schema = describe::dump_json(output_schema(operation));
  return tool;
}

mcp::ToolResult error_result(const Error& error) {
  mcp::ToolResult result;
  result.is_error = true;
  result.text = describe::dump_json(error_envelope(error, ""));
  return result;
}

mcp::ToolResult answer_result(const Operation& operation, const Answer& answer) {
  mcp::ToolResult result;
  if (answers_object(operation)) {
    result.structured = answer.body();
  } else {
    result.structured = Json::object();
    (*result.structured)["items"] = answer.body();
  }
  return result;
}

constexpr const char* kJson = "application/json";

// The operations whose answers can be read as resources.
std::vector<const Operation*> retrievals(const Registry& registry) {
  std::vector<const Operation*> found;
  for (const auto& operation : registry.operations()) {
    if (!operation.info.resource.empty()) found.push_back(&operation);
  }
  return found;
}

// "template" of "templates.retrieve".
std::string thing_of(const Operation& operation) {
  std::string group(operation.info.id.substr(0, operation.info.id.find('.')));
  group.pop_back();
  return group;
}

mcp::ResourceTemplate template_of(const Operation& operation) {
  return {std::string(operation.info.resource), thing_of(operation),
          std::string(operation.info.title), std::string(operation.info.description), kJson};
}

std::string uri_of(const Operation& operation, std::string_view id) {
  std::string uri(operation.info.resource);
  constexpr std::string_view kId = "{id}";
  return uri.replace(uri.find(kId), kId.size(), id);
}

// Whether a person who has typed `value` may mean the item: its id, key or name begins so.
bool matches(const Json& item, std::string_view value) {
  for (const char* member : {"id", "key", "name"}) {
    const auto found = item.find(member);
    if (found != item.end() && found->is_string() &&
        std::string_view(found->get_ref<const std::string&>()).starts_with(value)) {
      return true;
    }
  }
  return false;
}

}  // namespace

std::shared_ptr<const mcp::ToolList> ToolLists::list_for(const std::vector<std::string>& scopes,
                                                         const ToolFilter& filter) {
  const std::lock_guard lock(mutex_);
  auto& list = lists_[{scopes, filter}];
  if (list) return list;
  std::vector<mcp::Tool> tools;
  for (const auto& operation : registry_.operations()) {
    const auto& scope = operation.info.scope;
    const bool allowed =
        scope.empty() || std::find(scopes.begin(), scopes.end(), scope) != scopes.end();
    if (allowed && filter.shows(operation.info)) tools.push_back(tool_of(operation));
  }
  list = std::make_shared<const mcp::ToolList>(std::move(tools));
  return list;
}

OperationProvider::OperationProvider(const Registry& registry, std::shared_ptr<ToolLists> lists,
                                     ToolFilter filter, std::shared_ptr<OperationCaller> caller)
    : registry_(registry),
      lists_(std::move(lists)),
      filter_(std::move(filter)),
      caller_(std::move(caller)) {}

void OperationProvider::list_tools(std::function<void(std::shared_ptr<const mcp::ToolList>)> done) {
  caller_->scopes(
      [lists = lists_, filter = filter_, done](Result<std::vector<std::string>> scopes) {
        if (!scopes) spdlog::warn("only get_status is offered: {}", scopes.error().message);
        // Without a valid key nothing is allowed, but get_status tells why.
        done(lists->list_for(scopes.value_or(std::vector<std::string>{}), filter));
      });
}

void OperationProvider::call_tool(mcp::ToolCall call, mcp::Exchange,
                                  std::function<void(mcp::Answered<mcp::ToolResult>)> done) {
  const Operation* operation = registry_.find_by_tool(call.name);
  if (!operation) {
    done(error_result({ErrorCode::NotFound, fmt::format("There is no tool {}.", call.name)}));
    return;
  }
  caller_->call(*operation, std::move(call.arguments), [operation, done](Result<Answer> answer) {
    done(answer ? answer_result(*operation, *answer) : error_result(answer.error()));
  });
}

mcp::Features OperationProvider::features() const {
  return {.prompts = true, .resources = true, .completions = true};
}

void OperationProvider::list_prompts(std::function<void(std::vector<mcp::Prompt>)> done) {
  list_tools([done](const std::shared_ptr<const mcp::ToolList>& list) {
    std::vector<mcp::Prompt> prompts;
    for (const OfferedPrompt& each : offered_prompts()) {
      if (std::ranges::all_of(each.tools, [&](auto tool) { return list->find(tool) != nullptr; })) {
        prompts.push_back(each.prompt);
      }
    }
    done(std::move(prompts));
  });
}

void OperationProvider::get_prompt(mcp::PromptCall call, mcp::Exchange,
                                   std::function<void(mcp::Answered<mcp::PromptResult>)> done) {
  const auto prompts = offered_prompts();
  const auto found = std::ranges::find_if(
      prompts, [&](const OfferedPrompt& each) { return each.prompt.name == call.name; });
  if (found == prompts.end()) return done(mcp::PromptResult{});  // it was listed a moment ago
  done(mcp::PromptResult{
      found->prompt.description,
      {{mcp::PromptMessage::Role::User, mcp::text_block(found->text(call.arguments))}}});
}

void OperationProvider::list_resource_templates(
    std::function<void(std::vector<mcp::ResourceTemplate>)> done) {
  list_tools([this, done](const std::shared_ptr<const mcp::ToolList>& list) {
    std::vector<mcp::ResourceTemplate> templates;
    for (const Operation* operation : retrievals(registry_)) {
      if (list->find(operation->info.tool) != nullptr) templates.push_back(template_of(*operation));
    }
    done(std::move(templates));
  });
}

void OperationProvider::list_items(const Operation& retrieve, std::function<void(Items)> done) {
  const Operation* list = registry_.find_by_id(retrieve.info.listed_by);
  if (list == nullptr) return done({});
  caller_->call(*list, Json::object(), [done](const Result<Answer>& answer) {
    const Json body = answer ? answer->body() : Json::array();
    done(body.is_array() ? Items(body.begin(), body.end()) : Items{});
  });
}

void OperationProvider::list_resources(std::function<void(std::vector<mcp::Resource>)> done) {
  const Operation* retrieve = nullptr;
  for (const Operation* each : retrievals(registry_)) {
    if (!each->info.listed_by.empty()) retrieve = each;
  }
  if (retrieve == nullptr) return done({});
  list_items(*retrieve, [retrieve, done](const Items& items) {
    std::vector<mcp::Resource> resources;
    for (const Json& item : items) {
      const auto id = item.value("id", std::string());
      resources.push_back({uri_of(*retrieve, id), item.value("key", id),
                           item.value("name", std::string()), std::string(retrieve->info.title),
                           kJson});
    }
    done(std::move(resources));
  });
}

void OperationProvider::read_resource(std::string uri, mcp::Exchange,
                                      std::function<void(mcp::Answered<Contents>)> done) {
  for (const Operation* operation : retrievals(registry_)) {
    const auto id = mcp::variable_in(template_of(*operation), uri);
    if (!id) continue;
    caller_->call(*operation, Json{{"id", *id}}, [uri, done](const Result<Answer>& answer) {
      if (!answer) return done(Contents{});
      done(Contents(
          std::vector{mcp::ResourceContents{uri, kJson, describe::dump_json(answer->body()), {}}}));
    });
    return;
  }
  done(Contents{});
}

void OperationProvider::complete(mcp::CompletionCall call,
                                 std::function<void(mcp::Completion)> done) {
  // A prompt's argument that names a thing is called as the thing's resource is: "template".
  const bool by_prompt = call.of == mcp::CompletionCall::Of::Prompt;
  for (const Operation* operation : retrievals(registry_)) {
    const bool is_meant =
        by_prompt ? call.argument == thing_of(*operation) : call.name == operation->info.resource;
    if (!is_meant) continue;
    list_items(*operation, [value = call.value, done](const Items& items) {
      mcp::Completion completion;
      for (const Json& item : items) {
        if (matches(item, value)) completion.values.push_back(item.value("id", std::string()));
      }
      done(std::move(completion));
    });
    return;
  }
  done({});
}

}  // namespace segmentflow
