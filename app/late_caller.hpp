// The way to the operations for an MCP server that has to answer its host from the first moment on,
// though what it needs may not be there yet: a server that is not up, a folder without an
// installation, a key that nobody has made. Until then every call says what is wrong.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "mcp/changes.hpp"
#include "tools/mcp_provider.hpp"

namespace segmentflow::app {

// Thread-safe; attempt() is called on one thread at a time.
class LateCaller final : public OperationCaller, public std::enable_shared_from_this<LateCaller> {
 public:
  using Open = std::function<Result<std::shared_ptr<OperationCaller>>()>;

  // `open` makes the caller that this one stands for, or says why it cannot be made yet. `changes`
  // is told when what the key may use has changed.
  LateCaller(Open open, std::shared_ptr<mcp::Changes> changes)
      : open_(std::move(open)), changes_(std::move(changes)) {}

  // Opens what is not open yet. The error says why it still cannot be.
  Result<void> attempt();
  // Whether scopes() gave some the last time.
  bool is_usable() const;

  // While the server behind is away, the scopes that it gave before: its tools are still there, and
  // a call says that it is away.
  void scopes(std::function<void(Result<std::vector<std::string>>)> done) override;
  void call(const Operation& operation, describe::Json arguments, Consent consent,
            AnswerDone done) override;
  void preview(const Operation& operation, describe::Json arguments, AnswerDone done) override;
  void complete(const Operation& operation, const std::string& beginning,
                std::function<void(std::vector<Uuid>)> done) override;
  void asks_person(std::size_t emails, std::function<void(bool)> done) override;

 private:
  using Scopes = std::vector<std::string>;

  Result<std::shared_ptr<OperationCaller>> caller() const;
  Result<Scopes> noted(Result<Scopes> now);

  const Open open_;
  const std::shared_ptr<mcp::Changes> changes_;
  mutable std::mutex mutex_;  // for all below
  Result<std::shared_ptr<OperationCaller>> caller_ =
      fail(ErrorCode::NotReady, "Segmentflow is starting. Try again shortly.");
  std::optional<Scopes> known_;  // nullopt: none could be given
  bool is_listed_ = false;       // a client has seen them
};

}  // namespace segmentflow::app
