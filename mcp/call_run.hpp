// One call of a handler from its first round to its result: questions to the client between, and
// becoming a task. The only place that knows how each era asks.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "mcp/asked.hpp"
#include "mcp/exchange.hpp"
#include "mcp/input.hpp"
#include "mcp/modern.hpp"
#include "mcp/task_support.hpp"
#include "mcp/tasks.hpp"

namespace mcp {

class CallRun : public std::enable_shared_from_this<CallRun> {
 public:
  // Calls the handler once; its result is the JSON text of the method's result.
  using Handled = std::function<void(Answered<std::string>)>;
  using Handler = std::function<void(Exchange, Handled)>;

  // `subject` gives what of the params the call is about, so that the state of one call cannot be
  // used for another.
  struct Call {
    AskedPtr asked;
    std::function<std::string()> subject;
    TaskSupport task = TaskSupport::None;
    Handler handler;
    std::optional<modern::Caching> caching = std::nullopt;
  };

  // Runs the call until its answer. What the handler throws comes out of here in the first round,
  // and is answered as a defect in later ones.
  static void start(Call call);

  explicit CallRun(Call call) : call_(std::move(call)) {}

 private:
  bool can_be_task() const;
  bool become_task();
  void next_round(std::shared_ptr<const Inputs> inputs);
  void resume(std::shared_ptr<const Inputs> inputs);
  void take(Answered<std::string> answered);
  void ask(InputRequired required);
  void ask_as_task(const std::shared_ptr<Task>& task, InputRequired required);
  void answer_with_questions(const InputRequired& required);
  void ask_session(InputRequired required);
  std::optional<std::string> put(const InputRequest& question);
  void take_input(const InputRequest& question, tl::expected<Json, jsonrpc::Fault> answer);
  void finish(jsonrpc::Outcome outcome);
  std::string seal_context() const;

  const Call call_;
  std::mutex mutex_;  // for all below
  std::shared_ptr<Task> task_;
  std::size_t rounds_ = 0;
  std::size_t open_questions_ = 0;
  std::vector<std::string> questions_;  // ids at the session
  bool is_finished_ = false;
  std::shared_ptr<Inputs> gathered_;
};

}  // namespace mcp
