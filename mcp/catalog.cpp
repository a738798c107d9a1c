#include "mcp/catalog.hpp"

#include <algorithm>

namespace mcp {
namespace {

// The handler at the place of the thing with that name; null when there is none.
template <class Thing, class Handler, class Name>
const Handler* handler_of(const std::vector<Thing>& things, const std::vector<Handler>& handlers,
                          const std::string& name, Name Thing::* member) {
  const auto found = std::ranges::find(things, name, member);
  return found == things.end() ? nullptr
                               : &handlers[static_cast<std::size_t>(found - things.begin())];
}

}  // namespace

void Catalog::add(Tool tool, ToolHandler handler) {
  tools_.push_back(std::move(tool));
  tool_handlers_.push_back(std::move(handler));
}

void Catalog::add(Prompt prompt, PromptHandler handler) {
  features_.prompts = true;
  prompts_.push_back(std::move(prompt));
  prompt_handlers_.push_back(std::move(handler));
}

void Catalog::add(Resource resource, ResourceHandler handler) {
  features_.resources = true;
  resources_.push_back(std::move(resource));
  resource_handlers_.push_back(std::move(handler));
}

void Catalog::add(ResourceTemplate resources, ResourceHandler handler) {
  features_.resources = true;
  templates_.push_back(std::move(resources));
  template_handlers_.push_back(std::move(handler));
}

void Catalog::complete_with(Completer completer) {
  features_.completions = true;
  completer_ = std::move(completer);
}

void Catalog::list_tools(std::function<void(std::shared_ptr<const ToolList>)> done) {
  std::call_once(listed_, [this] { list_ = std::make_shared<const ToolList>(tools_); });
  done(list_);
}

void Catalog::call_tool(ToolCall call, Exchange exchange, Done<ToolResult> done) {
  const ToolHandler* handler = handler_of(tools_, tool_handlers_, call.name, &Tool::name);
  if (handler != nullptr) (*handler)(call, std::move(exchange), std::move(done));
}

void Catalog::get_prompt(PromptCall call, Exchange exchange, Done<PromptResult> done) {
  const PromptHandler* handler = handler_of(prompts_, prompt_handlers_, call.name, &Prompt::name);
  if (handler != nullptr) (*handler)(call, std::move(exchange), std::move(done));
}

void Catalog::read_resource(std::string uri, Exchange exchange, Done<Contents> done) {
  const ResourceHandler* handler = handler_of(resources_, resource_handlers_, uri, &Resource::uri);
  if (handler != nullptr) return (*handler)(uri, "", std::move(exchange), std::move(done));
  for (std::size_t at = 0; at < templates_.size(); ++at) {
    const auto variable = variable_in(templates_[at].uri_template, uri);
    if (!variable) continue;
    return template_handlers_[at](uri, *variable, std::move(exchange), std::move(done));
  }
  done(Contents{});
}

void Catalog::may_watch(std::string uri, std::function<void(bool)> done) {
  const bool is_resource = std::ranges::find(resources_, uri, &Resource::uri) != resources_.end();
  done(is_resource || std::ranges::any_of(templates_, [&](const ResourceTemplate& each) {
         return variable_in(each.uri_template, uri).has_value();
       }));
}

void Catalog::complete(CompletionCall call, std::function<void(Completion)> done) {
  if (!completer_) return done({});
  completer_(call, std::move(done));
}

ToolResult Catalog::refused_input(const std::vector<describe::Problem>& problems) {
  ToolResult result;
  result.is_error = true;
  for (const auto& problem : problems) {
    if (!result.text.empty()) result.text += '\n';
    result.text.append(problem.path).append(": ").append(problem.message);
  }
  return result;
}

}  // namespace mcp
