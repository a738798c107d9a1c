#include "tools/mcp_compact.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/base/ascii.hpp"
#include "schemas/describe/parse.hpp"

namespace segmentflow {
namespace {

using describe::Json;
using ToolListPtr = std::shared_ptr<const mcp::ToolList>;

constexpr const char* kSearch = "search_tools";
constexpr const char* kDescribe = "describe_tool";
constexpr const char* kCall = "call_tool";

const std::shared_ptr<const mcp::ToolList>& three_tools() {
  static const auto list = std::make_shared<const mcp::ToolList>(std::vector<mcp::Tool>{
      {.name = kSearch,
       .title = "Find a tool",
       .description = "Lists the tools whose name or description has all the words, with a line "
                      "about each; without words, all. Then describe_tool, then call_tool.",
       .hints = {.read_only = true, .idempotent = true},
       .input_schema = R"({"type":"object","properties":{"query":{"type":"string",
           "description":"Words to look for.","examples":["send email"]}},
           "additionalProperties":false})"},
      {.name = kDescribe,
       .title = "Read about a tool",
       .description = "Gives the whole description of a tool, its hints and the JSON Schema of its "
                      "arguments. Read it before you call the tool with call_tool.",
       .hints = {.read_only = true, .idempotent = true},
       .input_schema = R"({"type":"object","properties":{"name":{"type":"string",
           "description":"The tool's name, from search_tools.","examples":["send_email"]}},
           "required":["name"],"additionalProperties":false})"},
      {.name = kCall,
       .title = "Call a tool",
       .description = "Calls a tool of search_tools with arguments as describe_tool says. What it "
                      "does, and whether it changes or sends something, is what its description "
                      "says.",
       .hints = {.destructive = true, .open_world = true},
       .input_schema = R"({"type":"object","properties":{"name":{"type":"string",
           "description":"The tool's name.","examples":["get_status"]},"arguments":{"type":"object",
           "description":"Its arguments; {} when it needs none.","examples":[{}]}},
           "required":["name"],"additionalProperties":false})"}});
  return list;
}

bool has_all_words(const mcp::Tool& tool, const std::string& query) {
  const std::string text = ascii_lower(tool.name + " " + tool.title + " " + tool.description);
  std::size_t at = 0;
  while (at < query.size()) {
    const std::size_t end = std::min(query.find(' ', at), query.size());
    if (text.find(query.substr(at, end - at)) == std::string::npos) return false;
    at = end + 1;
  }
  return true;
}

mcp::ToolResult search(const mcp::ToolList& list, const std::string& query) {
  Json found = Json::array();
  for (const mcp::Tool& tool : list.tools()) {
    if (!has_all_words(tool, ascii_lower(query))) continue;
    const std::size_t sentence = tool.description.find(". ");
    found.push_back({{"name", tool.name},
                     {"about", tool.description.substr(
                                   0, sentence == std::string::npos ? sentence : sentence + 1)}});
  }
  return {.structured = Json{{"tools", std::move(found)}}};
}

mcp::ToolResult refused(std::string sentence) {
  return {.text = std::move(sentence), .is_error = true};
}

mcp::ToolResult unknown(const mcp::ToolList& list, const std::string& name) {
  const std::string near = list.nearest(name);
  return refused(fmt::format("There is no tool {}.{} search_tools lists them.", name,
                             near.empty() ? "" : fmt::format(" Did you mean {}?", near)));
}

mcp::ToolResult about(const mcp::Tool& tool) {
  return {.structured = Json{{"name", tool.name},
                             {"title", tool.title},
                             {"description", tool.description},
                             {"readOnly", tool.hints.read_only},
                             {"destructive", tool.hints.destructive},
                             {"inputSchema", Json::parse(tool.input_schema)}}};
}

std::string text_in(const Json& arguments, const char* name) {
  const auto found = arguments.find(name);
  return found != arguments.end() && found->is_string() ? found->get<std::string>() : "";
}

}  // namespace

void CompactProvider::list_tools(std::function<void(ToolListPtr)> done) {
  done(three_tools());
}

void CompactProvider::call_tool(mcp::ToolCall call, mcp::Exchange exchange,
                                std::function<void(mcp::Answered<mcp::ToolResult>)> done) {
  full_->list_tools([full = full_, call = std::move(call), exchange = std::move(exchange),
                     done = std::move(done)](const ToolListPtr& list) {
    if (call.name == kSearch) return done(search(*list, text_in(call.arguments, "query")));
    const std::string name = text_in(call.arguments, "name");
    const mcp::Tool* tool = list->find(name);
    const bool is_refused = call.name == kCall && full->refuses_tool(name);
    if (tool == nullptr && !is_refused) return done(unknown(*list, name));
    if (call.name == kDescribe) return done(about(*tool));
    const auto given = call.arguments.find("arguments");
    if (given != call.arguments.end() && !given->is_object()) {
      return done(refused("arguments must be an object, as describe_tool says."));
    }
    full->call_tool({name, given == call.arguments.end() ? Json::object() : *given}, exchange,
                    done);
  });
}

}  // namespace segmentflow
