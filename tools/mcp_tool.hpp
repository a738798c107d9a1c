// An operation as an MCP tool: what it is called and takes, and what it gives.
#pragma once

#include <string>
#include <vector>

#include "mcp/resources.hpp"
#include "mcp/tools.hpp"
#include "tools/operation.hpp"

namespace segmentflow {

mcp::Tool tool_of(const Operation& operation);

// An answer as a tool gives it: in brief where the operation has a brief form, a list as
// {"items": […]}, freed of characters that hide text, and no longer than hosts take. Members beside
// the operation's own say what was done to it: `untrusted` names the texts of third parties,
// `truncated` what was cut, `nextCursor` where a list goes on.
mcp::ToolResult answer_result(const Operation& operation, const Answer& answer);

// The same as what a resource holds.
std::vector<mcp::ResourceContents> answer_contents(const Operation& operation,
                                                   const std::string& uri, const Answer& answer);

// A refusal: its error envelope as text.
mcp::ToolResult error_result(const Error& error);

}  // namespace segmentflow
