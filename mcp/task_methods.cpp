// The methods of the tasks extension.
#include "mcp/asked.hpp"
#include "mcp/input.hpp"
#include "mcp/tasks.hpp"

namespace mcp {
namespace {

using jsonrpc::Code;

// The caller's task that the params name; answers when there is none.
std::shared_ptr<Task> task_of(const AskedPtr& asked) {
  if (!asked->request->client->has_extension(tasks_extension)) {
    asked->refuse(
        missing_tasks_extension("The client has not declared the tasks extension, to which " +
                                asked->request->method + " belongs."));
    return nullptr;
  }
  const auto id = asked->params().find("taskId");
  if (id == asked->params().end() || !id->is_string()) {
    asked->refuse(Code::InvalidParams, asked->request->method + " needs params.taskId, a string.");
    return nullptr;
  }
  auto task = asked->server->tasks->find(id->get<std::string>(), asked->request->identity);
  if (!task) {
    asked->refuse(Code::InvalidParams,
                  "There is no task " + jsonrpc::quoted(id->get_ref<const std::string&>()) +
                      " of this client; tasks are forgotten after their ttlMs.");
  }
  return task;
}

}  // namespace

void get_task(const AskedPtr& asked) {
  if (const auto task = task_of(asked)) asked->complete("{" + task->members() + "}");
}

void update_task(const AskedPtr& asked) {
  const auto task = task_of(asked);
  if (!task) return;
  auto responses = read_input_responses(asked->params());
  if (!responses) return asked->refuse(std::move(responses.error()));
  task->take_responses(*responses);
  asked->complete("{}");
}

void cancel_task(const AskedPtr& asked) {
  const auto task = task_of(asked);
  if (!task) return;
  task->cancel();
  asked->complete("{}");
}

}  // namespace mcp
