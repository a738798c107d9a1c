#include "mcp/dispatch.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <utility>

#include "mcp/asked.hpp"

namespace mcp {
namespace {

using jsonrpc::Code;
using jsonrpc::Fault;
using jsonrpc::Outcome;

enum class Era { Both, Legacy, Modern };
enum class Needs { Nothing, Prompts, Resources, Subscriptions, Completions, Logging, Tasks };

struct Method {
  std::string_view name;
  void (*run)(const AskedPtr&);
  Era era;
  Needs needs;
};

constexpr std::array<Method, 17> methods = {{
    {"tools/list", list_tools, Era::Both, Needs::Nothing},
    {"tools/call", call_tool, Era::Both, Needs::Nothing},
    {"prompts/list", list_prompts, Era::Both, Needs::Prompts},
    {"prompts/get", get_prompt, Era::Both, Needs::Prompts},
    {"resources/list", list_resources, Era::Both, Needs::Resources},
    {"resources/templates/list", list_resource_templates, Era::Both, Needs::Resources},
    {"resources/read", read_resource, Era::Both, Needs::Resources},
    {"completion/complete", complete_argument, Era::Both, Needs::Completions},
    {"ping", ping, Era::Legacy, Needs::Nothing},
    {"logging/setLevel", set_log_level, Era::Legacy, Needs::Logging},
    {"resources/subscribe", subscribe_resource, Era::Legacy, Needs::Subscriptions},
    {"resources/unsubscribe", unsubscribe_resource, Era::Legacy, Needs::Subscriptions},
    {"server/discover", discover, Era::Modern, Needs::Nothing},
    {"subscriptions/listen", listen_for_changes, Era::Modern, Needs::Nothing},
    {"tasks/get", get_task, Era::Modern, Needs::Tasks},
    {"tasks/update", update_task, Era::Modern, Needs::Tasks},
    {"tasks/cancel", cancel_task, Era::Modern, Needs::Tasks},
}};

const Method* method_named(std::string_view name) {
  const auto found = std::ranges::find(methods, name, &Method::name);
  return found == methods.end() ? nullptr : &*found;
}

bool is_of_era(const Method& method, Revision revision) {
  return method.era == Era::Both || (method.era == Era::Modern) == is_modern(revision);
}

bool has_what_it_needs(const Method& method, const Features& features, const Server& server) {
  switch (method.needs) {
    case Needs::Nothing:
      return true;
    case Needs::Prompts:
      return features.prompts;
    case Needs::Resources:
      return features.resources;
    case Needs::Subscriptions:
      return features.resource_subscriptions;
    case Needs::Completions:
      return features.completions;
    case Needs::Logging:
      return features.logging;
    case Needs::Tasks:
      break;
  }
  return server.tasks != nullptr;
}

// A provider that throws after it has answered has answered.
Answer once(Answer answer) {
  return [called = std::make_shared<std::atomic<bool>>(false),
          answer = std::move(answer)](Outcome outcome) {
    if (!called->exchange(true)) answer(std::move(outcome));
  };
}

void run(const std::shared_ptr<const Server>& server, const std::shared_ptr<Provider>& provider,
         RequestPtr request, Answer answer) {
  const Method* method = method_named(request->method);
  const auto asked = std::make_shared<const Asked>(
      Asked{server, provider, std::move(request), once(std::move(answer))});
  if (method == nullptr) return asked->refuse(unknown_method(asked->request->method));
  guarded(asked, [&] { method->run(asked); });
}

// The server's middleware from the one at `at` on, and then the method.
void run_through(std::size_t at, const std::shared_ptr<const Server>& server,
                 const std::shared_ptr<Provider>& provider, RequestPtr request, Answer answer) {
  if (at == server->middleware.size()) {
    return run(server, provider, std::move(request), std::move(answer));
  }
  server->middleware[at](std::move(request), std::move(answer),
                         [at, server, provider](RequestPtr passed, Answer then) {
                           run_through(at + 1, server, provider, std::move(passed),
                                       std::move(then));
                         });
}

}  // namespace

void discover(const AskedPtr& asked) {
  asked->answer(modern::discover_result(asked->server->info, asked->provider->features(),
                                        asked->server->tasks != nullptr));
}

Fault unknown_method(std::string_view method) {
  return {Code::MethodNotFound,
          "Unknown method " + jsonrpc::quoted(method) +
              ". The server's capabilities name the groups of methods it answers; initialize and "
              "ping exist up to 2025-11-25, server/discover from 2026-07-28 on."};
}

bool knows_method(const Provider& provider, const Server& server, Revision revision,
                  std::string_view name) {
  const Method* method = method_named(name);
  return method != nullptr && is_of_era(*method, revision) &&
         has_what_it_needs(*method, provider.features(), server);
}

void dispatch(const std::shared_ptr<const Server>& server,
              const std::shared_ptr<Provider>& provider, RequestPtr request, Answer answer) {
  if (server->middleware.empty()) {
    return run(server, provider, std::move(request), std::move(answer));
  }
  run_through(0, server, provider, std::move(request), std::move(answer));
}

}  // namespace mcp
