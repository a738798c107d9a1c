// How `mcp` and `call` reach the operations: in this process, or over REST at a running server.
#pragma once

#include <functional>
#include <future>
#include <memory>
#include <string>

#include "app/runtime.hpp"
#include "tools/mcp_provider.hpp"
#include "transport/http/client.hpp"

namespace segmentflow::app {

// Waits for what an asynchronous call gives: `start` gets the function to give it to.
template <class Value>
Value awaited(const std::function<void(std::function<void(Value)>)>& start) {
  auto promise = std::make_shared<std::promise<Value>>();  // may outlive the wait for a moment
  auto value = promise->get_future();
  start([promise](Value given) { promise->set_value(std::move(given)); });
  return value.get();
}

// Calls through the dispatcher of this process's engine.
class LocalCaller final : public OperationCaller {
 public:
  // `source`: where the calls come from.
  LocalCaller(Dispatcher& dispatcher, std::string secret, CallSource source)
      : dispatcher_(dispatcher), secret_(std::move(secret)), source_(std::move(source)) {}
  void scopes(std::function<void(Result<std::vector<std::string>>)> done) override;
  void call(const Operation& operation, describe::Json arguments, Consent consent,
            AnswerDone done) override;
  void preview(const Operation& operation, describe::Json arguments, AnswerDone done) override;
  void complete(const Operation& operation, const std::string& beginning,
                std::function<void(std::vector<Uuid>)> done) override;
  void asks_person(std::size_t emails, std::function<void(bool)> done) override;

 private:
  void call_from(CallSource source, const Operation& operation, describe::Json arguments,
                 AnswerDone done);

  Dispatcher& dispatcher_;
  const std::string secret_;
  const CallSource source_;
};

// Of the pool on whose threads calls wait for the server.
inline constexpr int kBridgeThreads = 8;
inline constexpr std::size_t kBridgeQueueMax = 256;

// Calls the REST routes of the server at `base_url`.
class BridgeCaller final : public OperationCaller,
                           public std::enable_shared_from_this<BridgeCaller> {
 public:
  // The error is a sentence about the URL. `workers` is not the caller's own, because a call that
  // ends there may be the last that holds the caller.
  static Result<std::shared_ptr<BridgeCaller>> make(const std::string& base_url, std::string secret,
                                                    const Registry& registry, ReaderPool& workers);
  void scopes(std::function<void(Result<std::vector<std::string>>)> done) override;
  void call(const Operation& operation, describe::Json arguments, Consent consent,
            AnswerDone done) override;
  void preview(const Operation& operation, describe::Json arguments, AnswerDone done) override;

 private:
  BridgeCaller(std::unique_ptr<transport::http::Client> client, std::string secret,
               const Registry& registry, ReaderPool& workers);
  Result<Answer> exchange(const Operation& operation, const describe::Json& arguments);

  const std::unique_ptr<transport::http::Client> client_;
  const std::string secret_;
  const Registry& registry_;
  ReaderPool& workers_;
};

}  // namespace segmentflow::app
