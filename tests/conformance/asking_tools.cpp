// Tools that ask the client first. In the legacy era the library turns the questions into requests.
#include "tests/conformance/fixtures.hpp"

namespace conformance {
namespace {

constexpr const char* kName = "answer";

// Asks once, and makes the result of the answer.
Handler asking(std::function<mcp::InputRequest(const ToolCall&)> question,
               std::function<ToolResult(const Json& answer)> result) {
  return
      [question, result](const ToolCall& call, const Exchange& exchange) -> Answered<ToolResult> {
        if (const Json* answer = exchange.input(kName)) return result(*answer);
        return InputRequired{{question(call)}, std::nullopt};
      };
}

mcp::InputRequest sampling(const std::string& prompt) {
  return {
      kName, "sampling/createMessage",
      Json{{"messages", {{{"role", "user"}, {"content", {{"type", "text"}, {"text", prompt}}}}}},
           {"maxTokens", 100}}};
}

ToolResult elicited(std::string_view prefix, const Json& answer) {
  std::string text(prefix);
  text += "action=" + answer.value("action", std::string("none"));
  text += ", content=" + describe::dump_json(answer.value("content", Json::object()));
  return text_result(std::move(text));
}

Handler completing(const char* message, const char* schema) {
  return asking(
      [message, schema](const ToolCall&) {
        return mcp::elicitation(kName, message, Json::parse(schema));
      },
      [](const Json& answer) { return elicited("Elicitation completed: ", answer); });
}

constexpr const char* kUserSchema = R"({
  "type": "object",
  "properties": {
    "username": {"type": "string", "description": "User's response"},
    "email": {"type": "string", "description": "User's email address"}
  },
  "required": ["username", "email"]
})";

constexpr const char* kDefaultsSchema = R"({
  "type": "object",
  "properties": {
    "name": {"type": "string", "default": "John Doe"},
    "age": {"type": "integer", "default": 30},
    "score": {"type": "number", "default": 95.5},
    "status": {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
    "verified": {"type": "boolean", "default": true}
  },
  "required": []
})";

constexpr const char* kEnumsSchema = R"({
  "type": "object",
  "properties": {
    "untitledSingle": {"type": "string", "enum": ["option1", "option2", "option3"]},
    "titledSingle": {"type": "string", "oneOf": [
      {"const": "value1", "title": "First Option"},
      {"const": "value2", "title": "Second Option"},
      {"const": "value3", "title": "Third Option"}]},
    "legacyEnum": {"type": "string", "enum": ["opt1", "opt2", "opt3"],
      "enumNames": ["Option One", "Option Two", "Option Three"]},
    "untitledMulti": {"type": "array",
      "items": {"type": "string", "enum": ["option1", "option2", "option3"]}},
    "titledMulti": {"type": "array", "items": {"anyOf": [
      {"const": "value1", "title": "First Choice"},
      {"const": "value2", "title": "Second Choice"},
      {"const": "value3", "title": "Third Choice"}]}}
  },
  "required": []
})";

}  // namespace

void add_asking_tools(Catalog& catalog) {
  add_direct(catalog,
             tool("test_sampling", "Asks the client's model.",
                  R"("prompt":{"type":"string","description":"What to ask."})"),
             asking(
                 [](const ToolCall& call) {
                   return sampling(call.arguments.value("prompt", std::string()));
                 },
                 [](const Json& answer) {
                   const Json content = answer.value("content", Json::object());
                   return text_result("LLM response: " + (content.is_object()
                                                              ? content.value("text", std::string())
                                                              : describe::dump_json(content)));
                 }));
  add_direct(catalog,
             tool("test_elicitation", "Asks the person at the client.",
                  R"("message":{"type":"string","description":"What to ask."})"),
             asking(
                 [](const ToolCall& call) {
                   return mcp::elicitation(kName, call.arguments.value("message", std::string()),
                                           Json::parse(kUserSchema));
                 },
                 [](const Json& answer) { return elicited("User response: ", answer); }));
  add_direct(catalog, tool("test_elicitation_sep1034_defaults", "Asks with defaults."),
             completing("Please review the form", kDefaultsSchema));
  add_direct(catalog, tool("test_elicitation_sep1330_enums", "Asks with choices."),
             completing("Please choose", kEnumsSchema));
  add_direct(catalog, tool("test_missing_capability", "Asks the client's model."),
             asking([](const ToolCall&) { return sampling("Say hello"); },
                    [](const Json&) { return text_result("Sampled."); }));
  add_direct(catalog, tool("test_streaming_elicitation", "Tells something and then asks."),
             [](const ToolCall&, const Exchange& exchange) -> Answered<ToolResult> {
               exchange.progress(1, 2, "asking");
               if (exchange.input(kName) != nullptr) return text_result("Asked.");
               return InputRequired{
                   {mcp::elicitation(kName, "Go on?",
                                     Json::parse(R"({"type":"object","properties":{}})"))},
                   std::nullopt};
             });
}

}  // namespace conformance
