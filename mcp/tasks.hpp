// Calls that go on after their request was answered with a handle: the client asks for the result
// later. Kept in memory: they end with the process.
// https://modelcontextprotocol.io/extensions/tasks (SEP-2663)
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "mcp/changes.hpp"
#include "mcp/input.hpp"
#include "mcp/request.hpp"

namespace mcp {

inline constexpr std::string_view tasks_extension = "io.modelcontextprotocol/tasks";

// The fault of a client that has not declared it; `sentence` says what needs it.
jsonrpc::Fault missing_tasks_extension(std::string_view sentence);

struct TaskLimits {
  std::size_t tasks_max = 1'000;                   // of all clients; beyond: a call stays a call
  std::chrono::milliseconds ttl{3'600'000};        // from the start, after which it is forgotten
  std::chrono::milliseconds poll_interval{1'000};  // how often clients are told to ask
};

// Thread-safe.
class Task {
 public:
  using Resume = std::function<void(Json responses)>;
  using Tell = std::function<void(const Task&)>;

  Task(std::string id, std::string identity, const TaskLimits& limits, Tell tell);

  const std::string& id() const { return id_; }
  bool belongs_to(std::string_view identity) const { return identity_ == identity; }
  bool is_over(std::chrono::system_clock::time_point now) const;

  // How it goes on; without effect once it has ended.
  void complete(std::string result);
  void fail(const jsonrpc::Fault& fault);
  // `resume` gets the answers once each question has one.
  void ask(std::vector<InputRequest> questions, Resume resume);

  // What the client says. Answers to questions that are not open are passed over.
  void take_responses(const Json& responses);
  void cancel();
  // Nobody can ask for it any more: what waits for answers is let go.
  void forget();

  // Calls `then` when the client cancels the task: now, if it has.
  void on_cancel(std::function<void()> then) { cancellation_.on_cancel(std::move(then)); }

  // Its members as JSON text, without the braces: those of the handle, or all.
  std::string handle_members() const;
  std::string members() const;

 private:
  enum class Status { Working, InputRequired, Completed, Failed, Cancelled };
  static std::string_view text_of(Status status);
  bool has_ended() const;            // under mutex_
  bool move_to(Status status);       // under mutex_; false when it has ended
  std::string head_members() const;  // under mutex_

  const std::string id_;
  const std::string identity_;
  const TaskLimits limits_;
  const Tell tell_;
  const std::chrono::system_clock::time_point created_;
  Cancellation cancellation_;

  mutable std::mutex mutex_;  // for all below
  Status status_ = Status::Working;
  std::chrono::system_clock::time_point updated_;
  std::map<std::string, InputRequest> questions_;  // those that are open
  Json responses_ = Json::object();
  Resume resume_;
  std::string outcome_;  // the member result or error, JSON text
};

// Thread-safe.
class Tasks {
 public:
  // `random_name` names tasks: who knows a name and the identity has the task.
  Tasks(TaskLimits limits, std::function<std::string()> random_name,
        std::shared_ptr<Changes> changes);

  // Forgets all tasks. A task that waits for answers keeps its server alive until then: to be
  // called when the server stops.
  void end();

  // A new task; null when there are too many.
  std::shared_ptr<Task> start(const std::string& identity);

  // Null when there is none of that name, or it belongs to another identity.
  std::shared_ptr<Task> find(const std::string& id, std::string_view identity);

 private:
  using Forgotten = std::vector<std::shared_ptr<Task>>;
  Forgotten take_old();  // under mutex_

  const TaskLimits limits_;
  const std::function<std::string()> random_name_;
  const std::shared_ptr<Changes> changes_;
  std::mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<Task>> tasks_;
};

}  // namespace mcp
