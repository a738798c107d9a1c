#include "tools/mcp_compact.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "schemas/describe/parse.hpp"
#include "tools/mcp_search.hpp"
#include "tools/untrusted.hpp"

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
       .description = "Lists the tools that fit what you want to do, the best first, with a line "
                      "about each; without a query, all. Then describe_tool, then call_tool.",
       .hints = {.read_only = true, .idempotent = true},
       .input_schema = R"({"type":"object","properties":{"query":{"type":"string",
           "description":"What you want to do, in a few words.",
           "examples":["send a receipt"]}},
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

// The last word of a tool's name, in the singular where another tool has it so.
std::string thing_of(const mcp::ToolList& list, const mcp::Tool& tool) {
  std::string thing = words_of(tool.name).back();
  if (!thing.ends_with('s')) return thing;
  const std::string one = thing.substr(0, thing.size() - 1);
  const bool is_plural = std::ranges::any_of(
      list.tools(), [&](const mcp::Tool& other) { return words_of(other.name).back() == one; });
  return is_plural ? one : thing;
}

// "template: list_templates, get_template, …" for each kind of thing that the tools are about.
Json things_in(const mcp::ToolList& list) {
  std::vector<std::pair<std::string, std::vector<std::string>>> things;
  for (const mcp::Tool& tool : list.tools()) {
    const std::string thing = thing_of(list, tool);
    auto known = std::ranges::find(things, thing, [](const auto& each) { return each.first; });
    if (known == things.end()) known = things.insert(things.end(), {thing, {}});
    known->second.push_back(tool.name);
  }
  Json lines = Json::array();
  for (const auto& [thing, names] : things) {
    lines.push_back(fmt::format("{}: {}", thing, fmt::join(names, ", ")));
  }
  return lines;
}

std::string first_sentence(const std::string& text) {
  const std::size_t end = text.find(". ");
  return text.substr(0, end == std::string::npos ? end : end + 1);
}

mcp::ToolResult search(const mcp::ToolList& list, const std::string& query) {
  Json found = Json::array();
  for (const mcp::Tool* tool : ranked_tools(list.tools(), query)) {
    found.push_back({{"name", tool->name}, {"about", first_sentence(tool->description)}});
  }
  const bool is_empty = found.empty();
  Json answer = {{"tools", std::move(found)}};
  if (is_empty) {
    answer["hint"] = "No tool has any of these words. Ask without a query for all, or look here.";
    answer["groups"] = things_in(list);
  }
  return {.structured = std::move(answer)};
}

mcp::ToolResult refused(std::string sentence) {
  return {.text = std::move(sentence), .is_error = true};
}

mcp::ToolResult unknown(const mcp::ToolList& list, const std::string& name) {
  const std::string near = list.nearest(name);
  return refused(fmt::format("There is no tool {}.{} search_tools lists them.", on_one_line(name),
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

// The object; one that some hosts write as its JSON text; {} where there is none.
std::optional<Json> arguments_in(const Json& call) {
  const auto given = call.find("arguments");
  if (given == call.end() || given->is_null()) return Json::object();
  if (given->is_object()) return *given;
  if (!given->is_string()) return std::nullopt;
  auto parsed = describe::parse_json(given->get_ref<const std::string&>(), {.bytes_max = 8 << 20});
  if (!parsed || !parsed->is_object()) return std::nullopt;
  return std::move(*parsed);
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
    auto given = arguments_in(call.arguments);
    if (!given) {
      return done(refused("arguments must be an object, as describe_tool says."));
    }
    full->call_tool({name, std::move(*given)}, exchange, done);
  });
}

}  // namespace segmentflow
