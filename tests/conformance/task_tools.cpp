// Tools whose calls become tasks where the client knows them.
#include "tests/conformance/fixtures.hpp"

namespace conformance {
namespace {

using mcp::TaskSupport;
using std::chrono::milliseconds;

constexpr milliseconds kShortly{50};

mcp::InputRequest ask(const char* name, const std::string& message, const char* member,
                      const char* type) {
  return mcp::elicitation(name, message,
                          Json{{"type", "object"},
                               {"properties", {{member, {{"type", type}}}}},
                               {"required", {member}}});
}

std::string accepted(const Json& answer) {
  return describe::dump_json(answer.value("content", Json::object()));
}

void add_slow_tools(Catalog& catalog, const std::shared_ptr<Delays>& delays) {
  catalog.add(tool("slow_compute", "Takes as long as it is told.",
                   R"("seconds":{"type":"number","description":"How long."},)"
                   R"("label":{"type":"string","description":"What to call it."})",
                   TaskSupport::Optional),
              [delays](const ToolCall& call, const Exchange& exchange,
                       const Catalog::Done<ToolResult>& done) {
                const double seconds = call.arguments.value("seconds", 0.0);
                if (seconds > 0) exchange.continue_as_task();
                const auto label = call.arguments.value("label", std::string("unnamed"));
                delays->after(milliseconds(static_cast<int>(seconds * 1000)),
                              [done, label] { done(text_result("Computed " + label + ".")); });
              });
  catalog.add(
      tool("failing_job", "Always fails.", "", TaskSupport::Required),
      [delays](const ToolCall&, const Exchange& exchange, const Catalog::Done<ToolResult>& done) {
        exchange.continue_as_task();
        delays->after(kShortly,
                      [done] { done(ToolResult{.text = "The job failed.", .is_error = true}); });
      });
  catalog.add(
      tool("protocol_error_job", "Ends with a fault of the protocol.", "", TaskSupport::Required),
      [delays](const ToolCall&, const Exchange& exchange, const Catalog::Done<ToolResult>& done) {
        exchange.continue_as_task();
        delays->after(kShortly, [done] {
          done(mcp::jsonrpc::Fault{mcp::jsonrpc::Code::InternalError, "The job broke.", {}});
        });
      });
}

void add_asking_tasks(Catalog& catalog) {
  add_direct(catalog,
             tool("confirm_delete", "Deletes after it was confirmed.",
                  R"("filename":{"type":"string","description":"What to delete."})",
                  TaskSupport::Optional),
             [](const ToolCall& call, const Exchange& exchange) -> Answered<ToolResult> {
               exchange.continue_as_task();
               const Json* answer = exchange.input("confirm");
               if (answer != nullptr) return text_result("Deleted: " + accepted(*answer));
               const auto file = call.arguments.value("filename", std::string("the file"));
               return InputRequired{{ask("confirm", "Delete " + file + "?", "confirm", "boolean")},
                                    std::nullopt};
             });
  add_direct(catalog, tool("multi_input", "Asks two things at once.", "", TaskSupport::Optional),
             [](const ToolCall&, const Exchange& exchange) -> Answered<ToolResult> {
               exchange.continue_as_task();
               const Json* first = exchange.input("first");
               const Json* second = exchange.input("second");
               if (first != nullptr && second != nullptr) {
                 return text_result(accepted(*first) + accepted(*second));
               }
               return InputRequired{{ask("first", "The first?", "value", "string"),
                                     ask("second", "The second?", "value", "string")},
                                    std::nullopt};
             });
}

}  // namespace

void add_task_tools(Catalog& catalog, const std::shared_ptr<Delays>& delays) {
  add_direct(
      catalog, tool("greet", "Greets.", R"("name":{"type":"string","description":"Whom."})"),
      [](const ToolCall& call, const Exchange&) {
        return text_result("Hello, " + call.arguments.value("name", std::string("you")) + "!");
      });
  add_slow_tools(catalog, delays);
  add_asking_tasks(catalog);
  catalog.add(
      tool("test_tool_with_task", "Asks for a name and then takes its time.", "",
           TaskSupport::Required),
      [delays](const ToolCall&, const Exchange& exchange, const Catalog::Done<ToolResult>& done) {
        const Json* answer = exchange.input("user_name");
        if (answer == nullptr) {
          return done(
              InputRequired{{ask("user_name", "What is your name?", "name", "string")}, "asked"});
        }
        exchange.continue_as_task();
        delays->after(kShortly,
                      [done, text = accepted(*answer)] { done(text_result("Hello " + text)); });
      });
}

}  // namespace conformance
