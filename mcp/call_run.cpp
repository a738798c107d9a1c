#include "mcp/call_run.hpp"

#include <utility>

#include "mcp/open_questions.hpp"
#include "mcp/session.hpp"

namespace mcp {
namespace {

using jsonrpc::Code;
using jsonrpc::Fault;
using std::chrono::system_clock;

tl::expected<Inputs, Fault> read_inputs(const Server& server, const Json& params,
                                        const std::function<std::string()>& context) {
  Inputs inputs;
  auto responses = read_input_responses(params);
  if (!responses) return tl::unexpected(std::move(responses.error()));
  inputs.responses = std::move(*responses);
  const auto state = params.find("requestState");
  if (state == params.end()) return inputs;
  if (state->is_string()) {
    inputs.state = unseal(server.secrets, state->get_ref<const std::string&>(), context(),
                          system_clock::now());
  }
  if (inputs.state) return inputs;
  return tl::unexpected(
      Fault{Code::InvalidParams,
            "params.requestState is none that this server gave for this very call, or it is too "
            "old. Call again without it and without inputResponses."});
}

Fault no_stream() {
  return {Code::LimitExceeded,
          "The call has to ask its client, which has no stream left for it: accept "
          "text/event-stream, and close streams that are not used."};
}

}  // namespace

void CallRun::start(Call call) {
  const auto run = std::make_shared<CallRun>(std::move(call));
  const Call& started = run->call_;
  if (!is_modern(started.asked->revision())) return run->next_round(std::make_shared<Inputs>());
  if (started.task == TaskSupport::Required && !run->can_be_task()) {
    return run->finish(tl::unexpected(missing_tasks_extension(
        "Calls of this tool become tasks: use a client that declares the tasks extension.")));
  }
  auto inputs = read_inputs(*started.asked->server, started.asked->params(),
                            [&] { return run->seal_context(); });
  if (!inputs) return run->finish(tl::unexpected(std::move(inputs.error())));
  run->next_round(std::make_shared<Inputs>(std::move(*inputs)));
}

bool CallRun::can_be_task() const {
  return call_.task != TaskSupport::None && call_.asked->server->tasks &&
         is_modern(call_.asked->revision()) &&
         call_.asked->request->client->has_extension(tasks_extension);
}

bool CallRun::become_task() {
  if (!can_be_task()) return false;
  std::shared_ptr<Task> task;
  {
    const std::lock_guard lock(mutex_);
    if (task_) return true;
    task_ = call_.asked->server->tasks->start(call_.asked->request->identity);
    task = task_;
  }
  if (!task) return false;
  task->on_cancel([request = call_.asked->request] { request->cancellation.cancel(); });
  call_.asked->answer(
      modern::result("task", "{" + task->handle_members() + "}", call_.asked->server->info));
  return true;
}

void CallRun::next_round(std::shared_ptr<const Inputs> inputs) {
  Exchange::TaskStart start_task;
  if (can_be_task()) {
    start_task = [run = shared_from_this()] { return run->become_task(); };
  }
  call_.handler(Exchange(call_.asked->request, std::move(inputs), std::move(start_task)),
                [run = shared_from_this()](Answered<std::string> answered) {
                  run->take(std::move(answered));
                });
}

// A later round: nobody is there who would catch.
void CallRun::resume(std::shared_ptr<const Inputs> inputs) {
  guarded(
      *call_.asked, [&] { next_round(std::move(inputs)); },
      [&](Fault fault) { finish(tl::unexpected(std::move(fault))); });
}

void CallRun::take(Answered<std::string> answered) {
  if (auto* required = std::get_if<InputRequired>(&answered)) return ask(std::move(*required));
  if (auto* fault = std::get_if<Fault>(&answered)) {
    return finish(tl::unexpected(std::move(*fault)));
  }
  finish(std::move(std::get<std::string>(answered)));
}

void CallRun::ask(InputRequired required) {
  if (auto fault = missing_capability(required.requests, *call_.asked->request->client)) {
    return finish(tl::unexpected(std::move(*fault)));
  }
  std::shared_ptr<Task> task;
  {
    const std::lock_guard lock(mutex_);
    task = task_;
  }
  if (task) return ask_as_task(task, std::move(required));
  if (is_modern(call_.asked->revision())) return answer_with_questions(required);
  ask_session(std::move(required));
}

void CallRun::ask_as_task(const std::shared_ptr<Task>& task, InputRequired required) {
  task->ask(std::move(required.requests),
            [run = shared_from_this(), state = std::move(required.state)](Json responses) {
              run->resume(std::make_shared<Inputs>(Inputs{std::move(responses), state, {}}));
            });
}

void CallRun::answer_with_questions(const InputRequired& required) {
  std::string result = "{" + input_requests_member(required.requests);
  if (required.state) {
    result += R"(,"requestState":)";
    jsonrpc::append_string(result,
                           seal(call_.asked->server->secrets, *required.state, seal_context(),
                                system_clock::now() + call_.asked->server->limits.input_lifetime));
  }
  call_.asked->answer(modern::result("input_required", result += '}', call_.asked->server->info));
}

void CallRun::ask_session(InputRequired required) {
  const auto& session = call_.asked->request->session;
  bool is_first = false;
  bool too_often = false;
  {
    const std::lock_guard lock(mutex_);
    is_first = ++rounds_ == 1;
    too_often = rounds_ > call_.asked->server->limits.input_rounds_max;
    open_questions_ = required.requests.size();
    gathered_ = std::make_shared<Inputs>(Inputs{Json::object(), std::move(required.state), {}});
  }
  if (too_often || !session) {
    return finish(tl::unexpected(
        Fault{Code::InternalError, too_often ? "The call has asked its client too often."
                                             : "The call has to ask its client, which needs a "
                                               "session: send initialize."}));
  }
  if (required.requests.empty()) return resume(std::move(gathered_));
  if (is_first) {  // else a client that cancels would leave the call waiting for ever
    call_.asked->request->cancellation.on_cancel([weak = weak_from_this()] {
      const auto run = weak.lock();
      if (run) run->finish(tl::unexpected(Fault{Code::InternalError, "The call was cancelled."}));
    });
  }
  for (const InputRequest& question : required.requests) {
    const auto id = put(question);
    if (!id && question.is_optional) {
      take_input(question, tl::unexpected(no_stream()));
      continue;
    }
    if (!id) return finish(tl::unexpected(no_stream()));
    bool is_late = false;  // cancelled meanwhile
    {
      const std::lock_guard lock(mutex_);
      is_late = is_finished_;
      if (!is_late) questions_.push_back(*id);
    }
    if (is_late) return session->withdraw(*id, *call_.asked->request->link);
  }
}

// The id of the question; nullopt when it cannot reach the client.
std::optional<std::string> CallRun::put(const InputRequest& question) {
  const auto& request = call_.asked->request;
  if (!request->link->can_send()) return std::nullopt;
  const InputRequest asked{question.name, {}, {}, question.is_optional};
  auto id = request->session->ask(*request->link, question,
                                  [run = shared_from_this(), asked](auto answer) {
                                    run->take_input(asked, std::move(answer));
                                  });
  if (id) call_.asked->server->questions->add(request->session);
  return id;
}

void CallRun::take_input(const InputRequest& question, tl::expected<Json, Fault> answer) {
  const bool is_answered = answer && answer->is_object();
  if (!is_answered && !question.is_optional) {
    return finish(tl::unexpected(
        Fault{Code::InternalError,
              "The client did not answer the question " + jsonrpc::quoted(question.name) + ": " +
                  (answer ? std::string("its result is no object.") : answer.error().message)}));
  }
  std::shared_ptr<Inputs> complete;
  {
    const std::lock_guard lock(mutex_);
    if (is_finished_) return;
    if (is_answered) {
      gathered_->responses[question.name] = std::move(*answer);
    } else {
      gathered_->unanswered.insert(question.name);
    }
    if (--open_questions_ > 0) return;
    complete = std::move(gathered_);
  }
  resume(std::move(complete));
}

void CallRun::finish(jsonrpc::Outcome outcome) {
  std::shared_ptr<Task> task;
  std::vector<std::string> questions;
  {
    const std::lock_guard lock(mutex_);
    task = task_;
    is_finished_ = true;
    questions.swap(questions_);
  }
  for (const std::string& id : questions) {
    call_.asked->request->session->withdraw(id, *call_.asked->request->link);
  }
  if (outcome && is_modern(call_.asked->revision())) {
    outcome = modern::result("complete", *outcome, call_.asked->server->info, call_.caching);
  }
  if (!task) return call_.asked->answer(std::move(outcome));
  if (outcome) return task->complete(std::move(*outcome));
  task->fail(outcome.error());
}

std::string CallRun::seal_context() const {
  std::string context = call_.asked->request->identity;
  return context.append("\n")
      .append(call_.asked->request->method)
      .append("\n")
      .append(call_.subject());
}

}  // namespace mcp
