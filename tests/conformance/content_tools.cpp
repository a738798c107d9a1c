// Tools that answer with each kind of content, with and without something said before.
#include "tests/conformance/fixtures.hpp"

namespace conformance {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kStep{50};

Json embedded(std::string uri, std::string mime_type, std::string text) {
  return mcp::embedded_resource_block({std::move(uri), std::move(mime_type), std::move(text), {}});
}

void add_plain_tools(Catalog& catalog) {
  add_direct(catalog, tool("test_simple_text", "Gives a text."),
             [](const ToolCall&, const Exchange&) {
               return text_result("This is a simple text response for testing.");
             });
  add_direct(catalog, tool("test_image_content", "Gives a picture."),
             [](const ToolCall&, const Exchange&) {
               return ToolResult{.content = {mcp::image_block(kPng, "image/png")}};
             });
  add_direct(catalog, tool("test_audio_content", "Gives a sound."),
             [](const ToolCall&, const Exchange&) {
               return ToolResult{.content = {mcp::audio_block(kWav, "audio/wav")}};
             });
  add_direct(catalog, tool("test_embedded_resource", "Gives a resource."),
             [](const ToolCall&, const Exchange&) {
               return ToolResult{.content = {embedded("test://embedded-resource", "text/plain",
                                                      "This is an embedded resource content.")}};
             });
  add_direct(
      catalog, tool("test_multiple_content_types", "Gives a text, a picture, a resource."),
      [](const ToolCall&, const Exchange&) {
        return ToolResult{.content = {mcp::text_block("Multiple content types test:"),
                                      mcp::image_block(kPng, "image/png"),
                                      embedded("test://mixed-content-resource", "application/json",
                                               R"({"test":"data","value":123})")}};
      });
  add_direct(catalog, tool("test_error_handling", "Always fails."),
             [](const ToolCall&, const Exchange&) {
               return ToolResult{.text = "This tool intentionally returns an error for testing",
                                 .is_error = true};
             });
}

void add_schema_tool(Catalog& catalog) {
  mcp::Tool made = tool("json_schema_2020_12_tool", "Tool with JSON Schema 2020-12 features");
  made.input_schema = R"({
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {
      "address": {
        "$anchor": "addressDef",
        "type": "object",
        "properties": {"street": {"type": "string"}, "city": {"type": "string"}}
      }
    },
    "properties": {
      "name": {"type": "string"},
      "address": {"$ref": "#/$defs/address"},
      "contactMethod": {"type": "string", "enum": ["phone", "email"]},
      "phone": {"type": "string"},
      "email": {"type": "string"}
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": false
  })";
  add_direct(catalog, std::move(made), [](const ToolCall& call, const Exchange&) {
    return text_result(describe::dump_json(call.arguments));
  });
  mcp::Tool mirrored = tool("test_x_mcp_header", "Has an argument that a header repeats.",
                            R"("region":{"type":"string","x-mcp-header":"Region"})");
  add_direct(catalog, std::move(mirrored), [](const ToolCall& call, const Exchange&) {
    return text_result("region " + call.arguments.value("region", std::string("none")));
  });
}

// Says three things and then the result, a step apart: the official client loses the progress that
// comes together with a result.
void in_three_steps(const std::shared_ptr<Delays>& delays, std::function<void(int)> say,
                    std::function<void()> finish) {
  say(0);
  delays->after(kStep, [say] { say(1); });
  delays->after(2 * kStep, [say] { say(2); });
  delays->after(3 * kStep, std::move(finish));
}

void add_telling_tools(Catalog& catalog, const std::shared_ptr<Delays>& delays) {
  catalog.add(
      tool("test_tool_with_logging", "Logs three times."),
      [delays](const ToolCall&, const Exchange& exchange, const Catalog::Done<ToolResult>& done) {
        in_three_steps(
            delays,
            [exchange](int step) {
              constexpr std::array<const char*, 3> texts = {
                  "Tool execution started", "Tool processing data", "Tool execution completed"};
              exchange.log(mcp::LogLevel::Info, "", Json(texts[static_cast<std::size_t>(step)]));
            },
            [done] { done(text_result("Tool with logging executed successfully")); });
      });
  catalog.add(
      tool("test_tool_with_progress", "Tells three times how far it is."),
      [delays](const ToolCall&, const Exchange& exchange, const Catalog::Done<ToolResult>& done) {
        in_three_steps(
            delays, [exchange](int step) { exchange.progress(50 * step, 100); },
            [done] { done(text_result("Tool with progress executed successfully")); });
      });
  add_direct(catalog, tool("test_logging_tool", "Logs once, where the client wants logs."),
             [](const ToolCall&, const Exchange& exchange) {
               exchange.log(mcp::LogLevel::Info, "test", Json("logged"));
               return text_result("Logged.");
             });
  catalog.add(
      tool("test_reconnection", "Lets its stream go before it answers."),
      [delays](const ToolCall&, const Exchange& exchange, const Catalog::Done<ToolResult>& done) {
        exchange.release_stream();
        delays->after(2 * kStep, [done] {
          done(
              text_result("Reconnection test completed successfully. If you received this, "
                          "the client properly reconnected after stream closure."));
        });
      });
}

}  // namespace

void add_content_tools(Catalog& catalog, const std::shared_ptr<Delays>& delays) {
  add_plain_tools(catalog);
  add_schema_tool(catalog);
  add_telling_tools(catalog, delays);
}

}  // namespace conformance
