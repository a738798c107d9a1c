// Tools and a prompt whose calls take several rounds.
#include "tests/conformance/fixtures.hpp"

namespace conformance {
namespace {

mcp::InputRequest ask_text(const char* name, const char* message, const char* member) {
  const Json schema{
      {"type", "object"}, {"properties", {{member, {{"type", "string"}}}}}, {"required", {member}}};
  return mcp::elicitation(name, message, schema);
}

mcp::InputRequest ask_confirmation() {
  return mcp::elicitation("confirm", "Please confirm", Json::parse(R"({
    "type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"]})"));
}

mcp::InputRequest ask_model(const char* name, const char* prompt, int tokens) {
  return {
      name, "sampling/createMessage",
      Json{{"messages", {{{"role", "user"}, {"content", {{"type", "text"}, {"text", prompt}}}}}},
           {"maxTokens", tokens}}};
}

mcp::InputRequest ask_roots() {
  return {"client_roots", "roots/list", Json::object()};
}

// The text member of a form that was accepted; nullopt when it is something else.
std::optional<std::string> form_text(const Exchange& exchange, const char* name,
                                     const char* member) {
  const Json* answer = exchange.input(name);
  if (answer == nullptr || !answer->contains("content")) return std::nullopt;
  const Json& content = (*answer)["content"];
  if (!content.is_object() || !content.contains(member) || !content[member].is_string()) {
    return std::nullopt;
  }
  return content[member].get<std::string>();
}

InputRequired need(mcp::InputRequest question, std::optional<std::string> state = std::nullopt) {
  return {{std::move(question)}, std::move(state)};
}

void add_single_questions(Catalog& catalog) {
  add_direct(catalog, tool("test_input_required_result_elicitation", "Asks for a name."),
             [](const ToolCall&, const Exchange& exchange) -> Answered<ToolResult> {
               const auto name = form_text(exchange, "user_name", "name");
               if (name) return text_result("Hello, " + *name + "!");
               return need(ask_text("user_name", "What is your name?", "name"));
             });
  add_direct(catalog, tool("test_input_required_result_sampling", "Asks the client's model."),
             [](const ToolCall&, const Exchange& exchange) -> Answered<ToolResult> {
               const Json* answer = exchange.input("capital_question");
               if (answer != nullptr) return text_result(describe::dump_json(*answer));
               return need(ask_model("capital_question", "What is the capital of France?", 100));
             });
  add_direct(catalog, tool("test_input_required_result_list_roots", "Asks for the roots."),
             [](const ToolCall&, const Exchange& exchange) -> Answered<ToolResult> {
               const Json* answer = exchange.input("client_roots");
               if (answer != nullptr) return text_result(describe::dump_json(*answer));
               return need(ask_roots());
             });
}

void add_stateful_questions(Catalog& catalog) {
  for (const char* name :
       {"test_input_required_result_request_state", "test_input_required_result_tampered_state"}) {
    add_direct(catalog, tool(name, "Asks for a confirmation and keeps a state."),
               [](const ToolCall&, const Exchange& exchange) -> Answered<ToolResult> {
                 if (exchange.input("confirm") == nullptr || exchange.state() != "round-1") {
                   return need(ask_confirmation(), "round-1");
                 }
                 return text_result("state-ok");
               });
  }
  add_direct(catalog, tool("test_input_required_result_multiple_inputs", "Asks three things."),
             [](const ToolCall&, const Exchange& exchange) -> Answered<ToolResult> {
               if (form_text(exchange, "user_name", "name") && exchange.input("greeting") &&
                   exchange.input("client_roots")) {
                 return text_result("Got all of it.");
               }
               return InputRequired{{ask_text("user_name", "What is your name?", "name"),
                                     ask_model("greeting", "Generate a greeting", 50), ask_roots()},
                                    "three"};
             });
  add_direct(catalog, tool("test_input_required_result_multi_round", "Asks twice."),
             [](const ToolCall&, const Exchange& exchange) -> Answered<ToolResult> {
               const auto& state = exchange.state();
               const auto name = form_text(exchange, "step1", "name");
               if (!state && !name) {
                 return need(ask_text("step1", "Step 1: What is your name?", "name"), "step-1");
               }
               const auto color = form_text(exchange, "step2", "color");
               if (color) return text_result(state.value_or("") + " likes " + *color);
               return need(ask_text("step2", "Step 2: What is your favorite color?", "color"),
                           name.value_or(state.value_or("")));
             });
}

void add_capability_tool(Catalog& catalog) {
  add_direct(catalog,
             tool("test_input_required_result_capabilities", "Asks what the client can answer."),
             [](const ToolCall&, const Exchange& exchange) -> Answered<ToolResult> {
               InputRequired required;
               const auto& client = exchange.client();
               if (client.can("elicitation")) {
                 required.requests.push_back(ask_text("name", "What is your name?", "name"));
               }
               if (client.can("sampling")) {
                 required.requests.push_back(ask_model("greeting", "Generate a greeting", 50));
               }
               if (client.can("roots")) required.requests.push_back(ask_roots());
               for (const auto& request : required.requests) {
                 if (exchange.input(request.name) != nullptr) return text_result("Answered.");
               }
               if (required.requests.empty()) return text_result("Nothing can be asked.");
               return required;
             });
}

void add_prompt(Catalog& catalog) {
  catalog.add(
      {"test_input_required_result_prompt", "Prompt that asks", "Asks for its context.", {}},
      [](const mcp::PromptCall&, const Exchange& exchange,
         const Catalog::Done<mcp::PromptResult>& done) {
        const auto context = form_text(exchange, "user_context", "context");
        if (!context) {
          return done(
              need(ask_text("user_context", "What context should the prompt use?", "context")));
        }
        done(mcp::PromptResult{
            "", {{mcp::PromptMessage::Role::User, mcp::text_block("Context: " + *context)}}});
      });
}

}  // namespace

void add_input_required_tools(Catalog& catalog) {
  add_single_questions(catalog);
  add_stateful_questions(catalog);
  add_capability_tool(catalog);
  add_prompt(catalog);
}

}  // namespace conformance
