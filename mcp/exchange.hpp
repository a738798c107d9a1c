// A request under way, as its handler sees it: who asks, what was answered to earlier questions,
// and what can be said before the result.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "mcp/input.hpp"
#include "mcp/log_level.hpp"
#include "mcp/request.hpp"

namespace mcp {

// A handle that is cheap to copy. Thread-safe; what is said after the result is dropped.
class Exchange {
 public:
  // Makes the call a task and answers with its handle; false when there can be none.
  using TaskStart = std::function<bool()>;

  Exchange(std::shared_ptr<Request> request, std::shared_ptr<const Inputs> inputs,
           TaskStart start_task = {});

  Revision revision() const { return request_->revision; }
  const ClientFacts& client() const { return *request_->client; }
  // Whether the client declares the capability and a question about it can reach it.
  bool can_ask(std::string_view capability) const {
    return client().can(capability) && (is_modern(revision()) || request_->link->can_send());
  }
  // Whose request it is, as the owner of the server named it.
  const std::string& identity() const { return request_->identity; }

  // The answer to the question of that name; nullptr while there is none. Its shape is the client's
  // affair: check it.
  const Json* input(const std::string& name) const;
  // Whether the optional question of that name was put and got no answer: the client gave an error,
  // left, or said nothing in time.
  bool is_unanswered(const std::string& name) const { return inputs_->unanswered.contains(name); }
  // What InputRequired kept for this call; nullopt in the first round.
  const std::optional<std::string>& state() const { return inputs_->state; }

  // Tells how far the work is, where the client asked for it. Each number is greater than the one
  // before.
  void progress(double done, std::optional<double> total = std::nullopt,
                std::string_view message = {}) const;

  // Sends a log message, where the client wants messages of that level.
  void log(LogLevel level, std::string_view logger, const Json& data) const;

  bool is_cancelled() const { return request_->cancellation.is_cancelled(); }
  // Calls `then` once when the result is no longer wanted: now, if it is not.
  void on_cancel(std::function<void()> then) const {
    request_->cancellation.on_cancel(std::move(then));
  }

  // Lets a client that can do so come back for the result, instead of keeping a connection open.
  void release_stream() const { request_->link->release(); }

  // Makes the call of a tool with task support a task: the client gets its handle now and asks for
  // the result later. False, and nothing happens, when client or tool know no tasks.
  bool continue_as_task() const { return start_task_ && start_task_(); }

 private:
  std::shared_ptr<Request> request_;
  std::shared_ptr<const Inputs> inputs_;
  TaskStart start_task_;
};

}  // namespace mcp
