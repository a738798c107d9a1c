// What a server offers as tools: their descriptions, one call and its result.
// https://modelcontextprotocol.io/specification/2025-11-25/server/tools
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mcp/jsonrpc.hpp"
#include "mcp/revision.hpp"
#include "mcp/task_support.hpp"
#include "schemas/describe/json.hpp"

namespace mcp {

using describe::Json;

inline constexpr std::size_t tool_name_bytes_max = 64;

struct ToolHints {
  bool read_only = false;
  bool destructive = false;
  bool idempotent = false;
  bool open_world = false;
};

// An argument that is repeated in a header over HTTP, from 2026-07-28 on.
struct HeaderParameter {
  std::string name;    // of the argument
  std::string header;  // in lower case
};

struct Tool {
  std::string name;  // 1 to 64 of A-Z a-z 0-9 _ - .
  std::string title;
  std::string description;
  ToolHints hints;
  std::string input_schema;   // JSON text, an object schema
  std::string output_schema;  // JSON text, "" when the tool has no structured output
  TaskSupport task = TaskSupport::None;
  std::vector<HeaderParameter> header_parameters;  // from the schema, by ToolList
};

// The tools that one kind of caller may see, prepared once and shared by all calls: the answer to
// tools/list is a ready text, and a name is looked up without copying anything. Immutable and
// thread-safe.
class ToolList {
 public:
  // Keeps the order given. The schemas are spliced into answers as they are, but for line ends.
  // Throws std::invalid_argument, naming the tool, when a name is malformed or used twice, a schema
  // is no JSON object text, or an x-mcp-header in it is no name of a header.
  explicit ToolList(std::vector<Tool> tools);
  ToolList(const ToolList&) = delete;
  ToolList& operator=(const ToolList&) = delete;

  const std::vector<Tool>& tools() const { return tools_; }

  // The tool of that name, nullptr when there is none.
  const Tool* find(std::string_view name) const;

  // The name that `name` was probably meant to be, "" when none is near.
  std::string nearest(std::string_view name) const;

  // "sha256:" and 64 hex digits over all that the list tells of its tools, in its order: who pins
  // it sees a description that changes (tool poisoning). In `_meta` of each tools/list.
  const std::string& digest() const;

  // The result of tools/list as JSON text in the shape of `revision`.
  const std::string& list_json(Revision revision) const;

 private:
  // 2024-11-05; 2025-03-26 with annotations; later with titles and output schemas.
  static constexpr std::size_t shapes = 3;

  std::vector<Tool> tools_;
  std::vector<std::string_view> names_;  // of tools_, sorted
  std::vector<std::size_t> positions_;   // of names_ in tools_
  mutable std::once_flag digested_;
  mutable std::string digest_;
  mutable std::array<std::once_flag, shapes> written_;
  mutable std::array<std::string, shapes> texts_;
};

// What a tool call gives. `structured` is an object and matches the tool's output schema. Content
// is `content`, blocks of content.hpp, where there are any, else `text`, else the JSON of
// `structured`.
struct ToolResult {
  std::optional<Json> structured;
  std::string text;
  bool is_error = false;
  std::vector<Json> content;
};

struct ToolCall {
  std::string name;
  Json arguments;  // an object
};

// The result of tools/call as JSON text in the shape of `revision`. A fault when `structured` is
// not an object.
jsonrpc::Outcome write_tool_result(const ToolResult& result, Revision revision);

}  // namespace mcp
