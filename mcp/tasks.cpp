#include "mcp/tasks.hpp"

#include <ctime>
#include <utility>

namespace mcp {
namespace {

using std::chrono::milliseconds;
using std::chrono::system_clock;

// ISO 8601 with milliseconds.
std::string text_of_time(system_clock::time_point time) {
  const auto since = std::chrono::duration_cast<milliseconds>(time.time_since_epoch()).count();
  const std::time_t seconds = since / 1000;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::string text(32, '\0');
  text.resize(std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S.", &parts));
  const std::string fraction = std::to_string(since % 1000 + 1000);
  return text.append(fraction, 1).append("Z");
}

}  // namespace

jsonrpc::Fault missing_tasks_extension(std::string_view sentence) {
  return missing_capability(sentence,
                            Json{{"extensions", {{std::string(tasks_extension), Json::object()}}}});
}

Task::Task(std::string id, std::string identity, const TaskLimits& limits, Tell tell)
    : id_(std::move(id)),
      identity_(std::move(identity)),
      limits_(limits),
      tell_(std::move(tell)),
      created_(system_clock::now()),
      updated_(created_) {}

bool Task::is_over(system_clock::time_point now) const {
  return now >= created_ + limits_.ttl;
}

std::string_view Task::text_of(Status status) {
  switch (status) {
    case Status::Working:
      return "working";
    case Status::InputRequired:
      return "input_required";
    case Status::Completed:
      return "completed";
    case Status::Failed:
      return "failed";
    case Status::Cancelled:
      break;
  }
  return "cancelled";
}

bool Task::has_ended() const {
  return status_ == Status::Completed || status_ == Status::Failed || status_ == Status::Cancelled;
}

bool Task::move_to(Status status) {
  if (has_ended()) return false;
  status_ = status;
  updated_ = system_clock::now();
  questions_.clear();
  return true;
}

void Task::complete(std::string result) {
  {
    const std::lock_guard lock(mutex_);
    if (!move_to(Status::Completed)) return;
    outcome_ = R"("result":)" + std::move(result);
  }
  tell_(*this);
}

void Task::fail(const jsonrpc::Fault& fault) {
  {
    const std::lock_guard lock(mutex_);
    if (!move_to(Status::Failed)) return;
    outcome_ = R"("error":)" + jsonrpc::write_fault(fault);
  }
  tell_(*this);
}

void Task::ask(std::vector<InputRequest> questions, Resume resume) {
  {
    const std::lock_guard lock(mutex_);
    if (!move_to(Status::InputRequired)) return;
    for (InputRequest& question : questions) {
      std::string name = question.name;
      questions_.emplace(std::move(name), std::move(question));
    }
    responses_ = Json::object();
    resume_ = std::move(resume);
  }
  tell_(*this);
}

void Task::take_responses(const Json& responses) {
  Resume resume;
  Json taken;
  {
    const std::lock_guard lock(mutex_);
    if (status_ != Status::InputRequired) return;
    for (const auto& [name, response] : responses.items()) {
      if (questions_.erase(name) > 0) responses_[name] = response;
    }
    updated_ = system_clock::now();
    if (questions_.empty()) {
      status_ = Status::Working;
      resume = std::exchange(resume_, nullptr);
      taken = std::move(responses_);
    }
  }
  tell_(*this);
  if (resume) resume(std::move(taken));
}

void Task::cancel() {
  Resume dropped;
  {
    const std::lock_guard lock(mutex_);
    if (!move_to(Status::Cancelled)) return;
    dropped = std::exchange(resume_, nullptr);
  }
  cancellation_.cancel();
  tell_(*this);
}

void Task::forget() {
  Resume dropped;
  {
    const std::lock_guard lock(mutex_);
    dropped = std::exchange(resume_, nullptr);
  }
  cancellation_.forget();
}

std::string Task::head_members() const {
  std::string out = R"("taskId":)";
  jsonrpc::append_string(out, id_);
  out.append(R"(,"status":")").append(text_of(status_));
  out.append(R"(","createdAt":")").append(text_of_time(created_));
  out.append(R"(","lastUpdatedAt":")").append(text_of_time(updated_));
  out.append(R"(","ttlMs":)").append(std::to_string(limits_.ttl.count()));
  out.append(R"(,"pollIntervalMs":)").append(std::to_string(limits_.poll_interval.count()));
  return out;
}

std::string Task::handle_members() const {
  const std::lock_guard lock(mutex_);
  return head_members();
}

std::string Task::members() const {
  const std::lock_guard lock(mutex_);
  std::string out = head_members();
  if (status_ == Status::InputRequired) {
    std::vector<InputRequest> open;
    for (const auto& [name, question] : questions_) open.push_back(question);
    out.append(",").append(input_requests_member(open));
  }
  if (!outcome_.empty()) out.append(",").append(outcome_);
  return out;
}

Tasks::Tasks(TaskLimits limits, std::function<std::string()> random_name,
             std::shared_ptr<Changes> changes)
    : limits_(limits), random_name_(std::move(random_name)), changes_(std::move(changes)) {}

void Tasks::end() {
  std::unordered_map<std::string, std::shared_ptr<Task>> ended;
  {
    const std::lock_guard lock(mutex_);
    ended.swap(tasks_);
  }
  for (const auto& [id, task] : ended) task->forget();
}

std::shared_ptr<Task> Tasks::start(const std::string& identity) {
  const auto tell = [changes = changes_](const Task& task) {
    changes->tell({Change::Of::Task, task.id(), task.members()});
  };
  auto task = std::make_shared<Task>(random_name_(), identity, limits_, tell);
  Forgotten old;
  {
    const std::lock_guard lock(mutex_);
    old = take_old();
    if (tasks_.size() < limits_.tasks_max) {
      tasks_.emplace(task->id(), task);
    } else {
      task = nullptr;
    }
  }
  for (const auto& each : old) each->forget();
  return task;
}

std::shared_ptr<Task> Tasks::find(const std::string& id, std::string_view identity) {
  Forgotten old;
  std::shared_ptr<Task> found;
  {
    const std::lock_guard lock(mutex_);
    old = take_old();
    const auto known = tasks_.find(id);
    if (known != tasks_.end() && known->second->belongs_to(identity)) found = known->second;
  }
  for (const auto& each : old) each->forget();
  return found;
}

Tasks::Forgotten Tasks::take_old() {
  const auto now = system_clock::now();
  Forgotten old;
  for (const auto& [id, task] : tasks_) {
    if (task->is_over(now)) old.push_back(task);
  }
  for (const auto& task : old) tasks_.erase(task->id());
  return old;
}

}  // namespace mcp
