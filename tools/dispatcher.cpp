#include "tools/dispatcher.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

namespace segmentflow {
namespace {

Error missing_scope(const Operation& operation) {
  Error error{
      ErrorCode::InsufficientScope,
      fmt::format("The API key lacks the scope {} that {} needs. Use a key with it, or ask the "
                  "operator for one.",
                  operation.info.scope, operation.info.id)};
  error.required_scopes = {std::string(operation.info.scope)};
  return error;
}

// A defect in an operation must not take the process down, nor tell the caller what is inside.
void invoke_guarded(const Engine& engine, const Operation& operation, const KeyPtr& key,
                    const Dispatcher::InputMaker& make_input, const AnswerDone& done) {
  try {
    const auto input = make_input();
    if (!input) {
      done(tl::unexpected(input.error()));
      return;
    }
    operation.invoke(engine, key, *input, done);
  } catch (const std::exception& defect) {
    spdlog::error("{} failed: {}", operation.info.id, defect.what());
    done(fail(ErrorCode::Internal, "The server failed to handle the request; it is logged."));
  }
}

}  // namespace

Dispatcher::Dispatcher(const Engine& engine, const Registry& registry, DispatcherLimits limits)
    : engine_(engine),
      registry_(registry),
      limits_(limits),
      in_flight_(std::make_shared<std::atomic<std::size_t>>(0)) {}

void Dispatcher::identify(const std::string& secret, std::function<void(Result<KeyPtr>)> then) {
  if (auto key = engine_.authenticator.remembered(secret)) {
    then(std::move(key));
    return;
  }
  const bool queued =
      engine_.readers.post([this, secret, then] { then(engine_.authenticator.verify(secret)); });
  if (!queued) then(fail(ErrorCode::RateLimited, "Too many calls are waiting. Try again shortly."));
}

void Dispatcher::call(const Operation& operation, const std::string& secret, InputMaker make_input,
                      AnswerDone done) {
  if (in_flight_->fetch_add(1) >= limits_.calls_in_flight_max) {
    in_flight_->fetch_sub(1);
    done(fail(ErrorCode::RateLimited,
              fmt::format("More than {} calls are in flight. Try again shortly.",
                          limits_.calls_in_flight_max)));
    return;
  }
  auto counted = [in_flight = in_flight_, done = std::move(done)](Result<Answer> answer) {
    in_flight->fetch_sub(1);
    done(std::move(answer));
  };
  identify(secret, [this, &operation, make_input = std::move(make_input),
                    counted = std::move(counted)](Result<KeyPtr> key) {
    if (!key) {
      counted(tl::unexpected(key.error()));
    } else if (!(*key)->allows(operation.info.scope)) {
      counted(tl::unexpected(missing_scope(operation)));
    } else {
      invoke_guarded(engine_, operation, *key, make_input, counted);
    }
  });
}

}  // namespace segmentflow
