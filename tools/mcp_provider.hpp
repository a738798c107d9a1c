// The registry as MCP tools: the one place where operations and the MCP library meet.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "mcp/provider.hpp"
#include "tools/registry.hpp"
#include "tools/tool_filter.hpp"

namespace segmentflow {

// The tools that a key with these scopes may see and its holder wants to see. Prepared once for
// each pair, and kept for those that were used last: clients name what they want. Thread-safe.
class ToolLists {
 public:
  static constexpr std::size_t kept_max = 64;

  explicit ToolLists(const Registry& registry) : registry_(registry) {}
  std::shared_ptr<const mcp::ToolList> list_for(const std::vector<std::string>& scopes,
                                                const ToolFilter& filter);

 private:
  const Registry& registry_;
  std::mutex mutex_;
  struct Kept {
    std::shared_ptr<const mcp::ToolList> list;
    std::uint64_t used = 0;  // the greatest is the latest
  };
  std::map<std::pair<std::vector<std::string>, ToolFilter>, Kept> lists_;
  std::uint64_t uses_ = 0;
};

// How a provider reaches the operations: in this process, or over REST at another.
class OperationCaller {
 public:
  virtual ~OperationCaller() = default;
  // The scopes of the caller's key.
  virtual void scopes(std::function<void(Result<std::vector<std::string>>)> done) = 0;
  // `consent`: what a person said who was asked about the call.
  virtual void call(const Operation& operation, describe::Json arguments, Consent consent,
                    AnswerDone done) = 0;
  // What the call would give, without its effect: for asks_person().
  virtual void preview(const Operation& operation, describe::Json arguments, AnswerDone done) = 0;
  // Ids that begin like this, newest first: see Dispatcher::complete. Where they are not known,
  // none.
  virtual void complete(const Operation& /*operation*/, const std::string& /*beginning*/,
                        std::function<void(std::vector<Uuid>)> done) {
    done({});
  }
  // Whether the caller's key has a call with so many emails approved by a person first. Where that
  // is not known, false: the engine has them wait.
  virtual void asks_person(std::size_t /*emails*/, std::function<void(bool)> done) { done(false); }
};

// Of what clients are told without asking.
struct Told {
  bool resources = false;  // that one has changed (app/resource_watch.hpp)
  bool lists = false;      // that there are other tools, prompts and resources now
};

// What one caller may use: tools, prompts that name only these, and what can be retrieved as
// resources.
class OperationProvider final : public mcp::Provider {
 public:
  // `lists` is shared by the callers of a process.
  OperationProvider(const Registry& registry, std::shared_ptr<ToolLists> lists, ToolFilter filter,
                    std::shared_ptr<OperationCaller> caller, Told told);

  mcp::Features features() const override;
  void list_tools(std::function<void(std::shared_ptr<const mcp::ToolList>)> done) override;
  void call_tool(mcp::ToolCall call, mcp::Exchange exchange,
                 std::function<void(mcp::Answered<mcp::ToolResult>)> done) override;
  // What the key's scopes hide, and not what the client did not want to see.
  bool refuses_tool(const std::string& name) const override;
  void list_prompts(std::function<void(std::vector<mcp::Prompt>)> done) override;
  void get_prompt(mcp::PromptCall call, mcp::Exchange exchange,
                  std::function<void(mcp::Answered<mcp::PromptResult>)> done) override;
  void list_resources(std::function<void(std::vector<mcp::Resource>)> done) override;
  void list_resource_templates(
      std::function<void(std::vector<mcp::ResourceTemplate>)> done) override;
  void read_resource(std::string uri, mcp::Exchange exchange,
                     std::function<void(mcp::Answered<Contents>)> done) override;
  void may_watch(std::string uri, std::function<void(bool)> done) override;
  void complete(mcp::CompletionCall call, std::function<void(mcp::Completion)> done) override;

 private:
  // The items that lists of things give which can be read as resources, as far as the caller may
  // list them: an id, a name, and whatever else there is.
  using Items = std::vector<describe::Json>;
  void list_items(const Operation& retrieve, std::function<void(Items)> done);
  // Lists what each of these retrieves, from the last to the first.
  void gather_resources(std::vector<const Operation*> left, std::vector<mcp::Resource> found,
                        std::function<void(std::vector<mcp::Resource>)> done);

  const Registry& registry_;
  const std::shared_ptr<ToolLists> lists_;
  const ToolFilter filter_;
  const std::shared_ptr<OperationCaller> caller_;
  const Told told_;
};

}  // namespace segmentflow
