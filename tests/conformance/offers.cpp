// Resources, prompts, and tools that make lists change.
#include "tests/conformance/fixtures.hpp"

namespace conformance {
namespace {

using Contents = mcp::Provider::Contents;
using mcp::PromptMessage;
using mcp::PromptResult;

Catalog::ResourceHandler holding(const mcp::ResourceContents& contents) {
  return [contents](const std::string&, const std::string&, const Exchange&,
                    const Catalog::Done<Contents>& done) { done(Contents({contents})); };
}

void add_resource(Catalog& catalog, const char* name, const mcp::ResourceContents& contents) {
  catalog.add(
      mcp::Resource{contents.uri, name, name, std::string("Resource: ") + name, contents.mime_type},
      holding(contents));
}

PromptMessage said(Json content) {
  return {PromptMessage::Role::User, std::move(content)};
}

using PromptText = std::function<std::vector<PromptMessage>(const Json& arguments)>;

void add_prompt(Catalog& catalog, mcp::Prompt prompt, PromptText messages) {
  catalog.add(std::move(prompt),
              [messages = std::move(messages)](const mcp::PromptCall& call, const Exchange&,
                                               const Catalog::Done<PromptResult>& done) {
                done(PromptResult{"", messages(call.arguments)});
              });
}

mcp::PromptArgument argument(const char* name) {
  return {name, name, std::string("The argument ") + name + ".", true};
}

}  // namespace

void add_change_tools(Catalog& catalog, const std::shared_ptr<mcp::Changes>& changes) {
  for (const auto& [name, list] :
       {std::pair{"test_trigger_tool_change", mcp::Change::Of::Tools},
        std::pair{"test_trigger_prompt_change", mcp::Change::Of::Prompts}}) {
    add_direct(catalog, tool(name, "Tells that a list has changed."),
               [changes, of = list](const ToolCall&, const Exchange&) {
                 changes->tell({of, {}, {}});
                 return text_result("Told.");
               });
  }
  add_direct(catalog, tool("test_trigger_resource_change", "Tells that a resource has changed."),
             [changes](const ToolCall&, const Exchange&) {
               changes->tell({mcp::Change::Of::Resource, "test://watched-resource", {}});
               return text_result("Told.");
             });
}

void add_resources(Catalog& catalog) {
  add_resource(catalog, "static-text",
               {"test://static-text", "text/plain",
                "This is the content of the static text resource.", std::nullopt});
  add_resource(catalog, "static-binary",
               {"test://static-binary", "image/png", "", std::string(kPng)});
  add_resource(catalog, "watched-resource",
               {"test://watched-resource", "text/plain", "Watch me.", std::nullopt});
  catalog.add(
      mcp::ResourceTemplate{"test://template/{id}/data", "template", "Template",
                            "A resource for each id.", "application/json"},
      [](const std::string& uri, const std::string& id, const Exchange&,
         const Catalog::Done<Contents>& done) {
        const Json data{{"id", id}, {"templateTest", true}, {"data", "Data for ID: " + id}};
        done(Contents({{uri, "application/json", describe::dump_json(data), std::nullopt}}));
      });
  catalog.complete_with(
      [](const mcp::CompletionCall& call, const std::function<void(mcp::Completion)>& done) {
        mcp::Completion completion;
        for (const char* value : {"paris", "park", "party"}) {
          if (std::string_view(value).starts_with(call.value)) completion.values.push_back(value);
        }
        done(std::move(completion));
      });
}

void add_prompts(Catalog& catalog) {
  add_prompt(catalog, {"test_simple_prompt", "Simple prompt", "Says one thing.", {}},
             [](const Json&) {
               return std::vector{said(mcp::text_block("This is a simple prompt for testing."))};
             });
  add_prompt(catalog,
             {"test_prompt_with_arguments",
              "Prompt with arguments",
              "Says what it is given.",
              {argument("arg1"), argument("arg2")}},
             [](const Json& arguments) {
               return std::vector{said(mcp::text_block(
                   "Prompt with arguments: arg1='" + arguments["arg1"].get<std::string>() +
                   "', arg2='" + arguments["arg2"].get<std::string>() + "'"))};
             });
  add_prompt(catalog,
             {"test_prompt_with_embedded_resource",
              "Prompt with a resource",
              "Shows a resource.",
              {argument("resourceUri")}},
             [](const Json& arguments) {
               return std::vector{
                   said(mcp::embedded_resource_block(
                       {arguments["resourceUri"].get<std::string>(), "text/plain",
                        "Embedded resource content for testing.", std::nullopt})),
                   said(mcp::text_block("Please process the embedded resource above."))};
             });
  add_prompt(catalog, {"test_prompt_with_image", "Prompt with a picture", "Shows a picture.", {}},
             [](const Json&) {
               return std::vector{said(mcp::image_block(kPng, "image/png")),
                                  said(mcp::text_block("Please analyze the image above."))};
             });
}

}  // namespace conformance
