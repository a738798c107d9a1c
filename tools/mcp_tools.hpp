// The registry as MCP tools: the one place where operations and the MCP library meet.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "mcp/tools.hpp"
#include "tools/registry.hpp"

namespace segmentflow {

// The tools that a key with these scopes may see. Prepared once per set of scopes. Thread-safe.
class ToolLists {
 public:
  explicit ToolLists(const Registry& registry) : registry_(registry) {}
  std::shared_ptr<const mcp::ToolList> for_scopes(const std::vector<std::string>& scopes);

 private:
  const Registry& registry_;
  std::mutex mutex_;
  std::map<std::vector<std::string>, std::shared_ptr<const mcp::ToolList>> lists_;
};

// How a provider reaches the operations: in this process, or over REST at another.
class OperationCaller {
 public:
  virtual ~OperationCaller() = default;
  // The scopes of the caller's key.
  virtual void scopes(std::function<void(Result<std::vector<std::string>>)> done) = 0;
  virtual void call(const Operation& operation, describe::Json arguments, AnswerDone done) = 0;
};

// The tools of one caller.
class OperationTools final : public mcp::ToolProvider {
 public:
  OperationTools(const Registry& registry, std::shared_ptr<OperationCaller> caller);

  void list_tools(std::function<void(std::shared_ptr<const mcp::ToolList>)> done) override;
  void call_tool(mcp::ToolCall call, std::function<void(mcp::ToolResult)> done) override;

 private:
  const Registry& registry_;
  ToolLists lists_;
  const std::shared_ptr<OperationCaller> caller_;
};

}  // namespace segmentflow
