// The tools behind three: for models and hosts that should not carry the whole list. They find a
// tool, read about it, and call it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "mcp/provider.hpp"

namespace segmentflow {

// Offers search_tools, describe_tool and call_tool instead of the tools of `full`, and everything
// else as it is.
class CompactProvider final : public mcp::Provider {
 public:
  explicit CompactProvider(std::shared_ptr<mcp::Provider> full) : full_(std::move(full)) {}

  mcp::Features features() const override { return full_->features(); }
  void list_tools(std::function<void(std::shared_ptr<const mcp::ToolList>)> done) override;
  void call_tool(mcp::ToolCall call, mcp::Exchange exchange,
                 std::function<void(mcp::Answered<mcp::ToolResult>)> done) override;
  void list_prompts(std::function<void(std::vector<mcp::Prompt>)> done) override {
    full_->list_prompts(std::move(done));
  }
  void get_prompt(mcp::PromptCall call, mcp::Exchange exchange,
                  std::function<void(mcp::Answered<mcp::PromptResult>)> done) override {
    full_->get_prompt(std::move(call), std::move(exchange), std::move(done));
  }
  void list_resources(std::function<void(std::vector<mcp::Resource>)> done) override {
    full_->list_resources(std::move(done));
  }
  void list_resource_templates(
      std::function<void(std::vector<mcp::ResourceTemplate>)> done) override {
    full_->list_resource_templates(std::move(done));
  }
  void read_resource(std::string uri, mcp::Exchange exchange,
                     std::function<void(mcp::Answered<Contents>)> done) override {
    full_->read_resource(std::move(uri), std::move(exchange), std::move(done));
  }
  void may_watch(std::string uri, std::function<void(bool)> done) override {
    full_->may_watch(std::move(uri), std::move(done));
  }
  void complete(mcp::CompletionCall call, std::function<void(mcp::Completion)> done) override {
    full_->complete(std::move(call), std::move(done));
  }

 private:
  const std::shared_ptr<mcp::Provider> full_;
};

}  // namespace segmentflow
