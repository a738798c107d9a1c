#include "tools/mcp_tools.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <nlohmann/json.hpp>

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

OperationTools::OperationTools(const Registry& registry, std::shared_ptr<ToolLists> lists,
                               ToolFilter filter, std::shared_ptr<OperationCaller> caller)
    : registry_(registry),
      lists_(std::move(lists)),
      filter_(std::move(filter)),
      caller_(std::move(caller)) {}

void OperationTools::list_tools(std::function<void(std::shared_ptr<const mcp::ToolList>)> done) {
  caller_->scopes(
      [lists = lists_, filter = filter_, done](Result<std::vector<std::string>> scopes) {
        if (!scopes) spdlog::warn("only get_status is offered: {}", scopes.error().message);
        // Without a valid key nothing is allowed, but get_status tells why.
        done(lists->list_for(scopes.value_or(std::vector<std::string>{}), filter));
      });
}

void OperationTools::call_tool(mcp::ToolCall call, std::function<void(mcp::ToolResult)> done) {
  const Operation* operation = registry_.find_by_tool(call.name);
  if (!operation) {
    done(error_result({ErrorCode::NotFound, fmt::format("There is no tool {}.", call.name)}));
    return;
  }
  caller_->call(*operation, std::move(call.arguments), [operation, done](Result<Answer> answer) {
    done(answer ? answer_result(*operation, *answer) : error_result(answer.error()));
  });
}

}  // namespace segmentflow
