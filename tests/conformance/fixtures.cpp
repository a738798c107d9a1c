#include "tests/conformance/fixtures.hpp"

namespace conformance {

mcp::Tool tool(std::string name, std::string description, const std::string& properties,
               mcp::TaskSupport task) {
  mcp::Tool made;
  made.name = std::move(name);
  made.title = made.name;
  made.description = std::move(description);
  made.input_schema = R"({"type":"object","properties":{)" + properties + "}}";
  made.task = task;
  return made;
}

ToolResult text_result(std::string text) {
  return {.text = std::move(text)};
}

void add_direct(Catalog& catalog, mcp::Tool tool, Handler handler) {
  catalog.add(std::move(tool),
              [handler = std::move(handler)](const ToolCall& call, const Exchange& exchange,
                                             const Catalog::Done<ToolResult>& done) {
                done(handler(call, exchange));
              });
}

}  // namespace conformance
