// A provider made of parts: tools, prompts and resources, each with the function that answers it.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "mcp/provider.hpp"
#include "schemas/describe/parse.hpp"

namespace mcp {

// Filled before it serves, and not changed after. Handlers are called from any thread.
class Catalog : public Provider {
 public:
  template <class Result>
  using Done = std::function<void(Answered<Result>)>;
  using ToolHandler = std::function<void(const ToolCall&, Exchange, Done<ToolResult>)>;
  using PromptHandler = std::function<void(const PromptCall&, Exchange, Done<PromptResult>)>;
  // `variable`: what stands in the address for the variable of a template; "" for a resource.
  using ResourceHandler = std::function<void(const std::string& uri, const std::string& variable,
                                             Exchange, Done<Contents>)>;
  using Completer = std::function<void(const CompletionCall&, std::function<void(Completion)>)>;

  // `features`: logging, resource_subscriptions and list_changes count; the others follow from what
  // is added.
  explicit Catalog(Features features = {}) : features_(features) {}

  void add(Tool tool, ToolHandler handler);
  void add(Prompt prompt, PromptHandler handler);
  void add(Resource resource, ResourceHandler handler);
  void add(ResourceTemplate resources, ResourceHandler handler);
  void complete_with(Completer completer);

  // A tool whose input and output are described structs (schemas/describe): they give the schemas,
  // and input that does not fit is answered as a tool error with every path.
  template <class Input, class Output>
  void add_typed(Tool tool, std::function<Answered<Output>(const Input&, const Exchange&)> handler);

  Features features() const override { return features_; }
  void list_tools(std::function<void(std::shared_ptr<const ToolList>)> done) override;
  void call_tool(ToolCall call, Exchange exchange, Done<ToolResult> done) override;
  void list_prompts(std::function<void(std::vector<Prompt>)> done) override { done(prompts_); }
  void get_prompt(PromptCall call, Exchange exchange, Done<PromptResult> done) override;
  void list_resources(std::function<void(std::vector<Resource>)> done) override {
    done(resources_);
  }
  void list_resource_templates(std::function<void(std::vector<ResourceTemplate>)> done) override {
    done(templates_);
  }
  void read_resource(std::string uri, Exchange exchange, Done<Contents> done) override;
  void may_watch(std::string uri, std::function<void(bool)> done) override;
  void complete(CompletionCall call, std::function<void(Completion)> done) override;

 private:
  static ToolResult refused_input(const std::vector<describe::Problem>& problems);

  Features features_;
  std::once_flag listed_;
  std::shared_ptr<const ToolList> list_;
  // Handlers stand at the place of what they answer.
  std::vector<Tool> tools_;
  std::vector<ToolHandler> tool_handlers_;
  std::vector<Prompt> prompts_;
  std::vector<PromptHandler> prompt_handlers_;
  std::vector<Resource> resources_;
  std::vector<ResourceHandler> resource_handlers_;
  std::vector<ResourceTemplate> templates_;
  std::vector<ResourceHandler> template_handlers_;
  Completer completer_;
};

template <class Input, class Output>
void Catalog::add_typed(Tool tool,
                        std::function<Answered<Output>(const Input&, const Exchange&)> handler) {
  tool.input_schema = describe::dump_json(
      describe::schema_of(describe::type_of<Input>(), describe::Direction::Input));
  tool.output_schema = describe::dump_json(
      describe::schema_of(describe::type_of<Output>(), describe::Direction::Output));
  add(std::move(tool), [handler = std::move(handler)](const ToolCall& call, Exchange exchange,
                                                      const Done<ToolResult>& done) {
    Input input;
    const auto problems = describe::read(call.arguments, input);
    if (!problems.empty()) return done(refused_input(problems));
    auto answered = handler(input, exchange);
    if (auto* output = std::get_if<Output>(&answered)) {
      return done(ToolResult{.structured = describe::write(*output)});
    }
    if (auto* required = std::get_if<InputRequired>(&answered)) return done(std::move(*required));
    done(std::move(std::get<jsonrpc::Fault>(answered)));
  });
}

}  // namespace mcp
