// What a server offers to one caller, written by whoever uses the library.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mcp/completion.hpp"
#include "mcp/exchange.hpp"
#include "mcp/input.hpp"
#include "mcp/prompts.hpp"
#include "mcp/resources.hpp"
#include "mcp/tools.hpp"

namespace mcp {

// What is declared to clients; the same for all callers of a server.
struct Features {
  bool prompts = false;
  bool resources = false;
  bool completions = false;  // from 2025-03-26 on
  bool logging = false;      // handlers send log messages
  bool resource_subscriptions = false;
  bool list_changes = false;  // the server's Changes tell when a list changes
};

// ServerCapabilities of the specification as JSON text.
std::string capabilities_json(const Features& features, Revision revision, bool has_tasks);

// Called per request, so that what is offered can depend on the caller. Each `done` is called
// exactly once, from any thread; when it is destroyed uncalled, the request is answered as an
// internal error. What is offered comes in an order that does not change between calls. A handler
// that takes an Exchange may ask the client first (InputRequired), and is called again with the
// answers: what it has done by then must not be done twice.
class Provider {
 public:
  virtual ~Provider() = default;

  virtual Features features() const { return {}; }

  // The tools this caller may see (never null). Also asked before each call, so a provider keeps
  // its lists.
  virtual void list_tools(std::function<void(std::shared_ptr<const ToolList>)> done) = 0;

  // A name that list_tools does not give is refused before it comes here, unless refuses_tool()
  // knows it. Input that a tool refuses is a ToolResult with `is_error`, not an exception.
  virtual void call_tool(ToolCall call, Exchange exchange,
                         std::function<void(Answered<ToolResult>)> done) = 0;

  // Whether this is a tool that is not offered to this caller, and call_tool() says why.
  virtual bool refuses_tool(const std::string& /*name*/) const { return false; }

  virtual void list_prompts(std::function<void(std::vector<Prompt>)> done) { done({}); }
  // The call fits the prompt of that name.
  virtual void get_prompt(PromptCall, Exchange, std::function<void(Answered<PromptResult>)> done) {
    done(PromptResult{});
  }

  virtual void list_resources(std::function<void(std::vector<Resource>)> done) { done({}); }
  virtual void list_resource_templates(std::function<void(std::vector<ResourceTemplate>)> done) {
    done({});
  }
  // What the resource holds; nullopt when there is none at this address for this caller.
  using Contents = std::optional<std::vector<ResourceContents>>;
  virtual void read_resource(std::string /*uri*/, Exchange,
                             std::function<void(Answered<Contents>)> done) {
    done(Contents{});
  }
  // Whether this caller may hear of changes of the resource, and there is one.
  virtual void may_watch(std::string /*uri*/, std::function<void(bool)> done) { done(true); }

  virtual void complete(CompletionCall, std::function<void(Completion)> done) { done({}); }
};

}  // namespace mcp
