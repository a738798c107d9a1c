#include "mcp/dispatch.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <exception>
#include <utility>

#include "mcp/modern.hpp"

namespace mcp {

struct Dispatcher::Parts {
  std::shared_ptr<const ServerInfo> info;
  std::shared_ptr<Provider> provider;
  DefectLog on_defect;
};

namespace {

using jsonrpc::Code;
using jsonrpc::Fault;
using jsonrpc::Outcome;

using PartsPtr = std::shared_ptr<const Dispatcher::Parts>;

// A request on its way to the provider. Whoever waits for the provider shares it, so that nothing
// ends before the provider has answered.
struct Asked {
  PartsPtr parts;
  Revision revision;
  std::string method;
  Json params;
  Answer answer;
};
using AskedPtr = std::shared_ptr<const Asked>;

tl::unexpected<Fault> refuse(Code code, std::string sentence) {
  return tl::unexpected(Fault{code, std::move(sentence)});
}

// Runs `work`; what it throws is logged and answered.
template <class Work>
void guarded(const AskedPtr& asked, Work work) {
  std::string what;
  try {
    work();
    return;
  } catch (const std::exception& error) {
    what = std::string(": ") + error.what();
  } catch (...) {
    what = " what is no exception.";
  }
  if (asked->parts->on_defect)
    asked->parts->on_defect("A provider threw in " + asked->method + what);
  asked->answer(refuse(Code::InternalError, "The server failed in " + asked->method +
                                                ". This is a defect; its log has the cause."));
}

// A callback for the provider that is guarded too: it may come on a thread of the provider's.
template <class Given, class Use>
std::function<void(Given)> then(const AskedPtr& asked, Use use) {
  return [asked, use = std::move(use)](Given given) mutable {
    guarded(asked, [&] { use(asked, std::move(given)); });
  };
}

tl::expected<ToolCall, Fault> read_call(const Json& params) {
  ToolCall call;
  auto name = params.find("name");
  if (name == params.end() || !name->is_string()) {
    return refuse(Code::InvalidParams,
                  "tools/call needs params.name, a string; tools/list gives the names.");
  }
  call.name = name->get<std::string>();
  auto arguments = params.find("arguments");
  if (arguments == params.end() || arguments->is_null()) {
    call.arguments = Json::object();
  } else if (arguments->is_object()) {
    call.arguments = *arguments;
  } else {
    return refuse(Code::InvalidParams,
                  "The params.arguments of tools/call must be an object with the members of the "
                  "tool's inputSchema.");
  }
  return call;
}

Fault unknown_tool(const ToolList& list, const std::string& name) {
  std::string sentence = "Unknown tool " + jsonrpc::quoted(name) + ".";
  const std::string nearest = list.nearest(name);
  if (!nearest.empty()) sentence += " Did you mean " + jsonrpc::quoted(nearest) + "?";
  return {Code::InvalidParams, sentence + " tools/list gives the tools you may call."};
}

void list_tools(const AskedPtr& asked) {
  asked->parts->provider->list_tools(then<std::shared_ptr<const ToolList>>(
      asked, [](const AskedPtr& a, const std::shared_ptr<const ToolList>& list) {
        a->answer(list->list_json(a->revision));
      }));
}

void call_tool(const AskedPtr& asked) {
  auto call = read_call(asked->params);
  if (!call) return asked->answer(tl::unexpected(std::move(call.error())));
  auto checked = [call = std::move(*call)](const AskedPtr& a,
                                           const std::shared_ptr<const ToolList>& list) mutable {
    if (list->find(call.name) == nullptr) {
      return a->answer(tl::unexpected(unknown_tool(*list, call.name)));
    }
    a->parts->provider->call_tool(
        std::move(call), then<ToolResult>(a, [](const AskedPtr& b, const ToolResult& result) {
          b->answer(write_tool_result(result, b->revision));
        }));
  };
  asked->parts->provider->list_tools(
      then<std::shared_ptr<const ToolList>>(asked, std::move(checked)));
}

void list_prompts(const AskedPtr& asked) {
  asked->parts->provider->list_prompts(
      then<std::vector<Prompt>>(asked, [](const AskedPtr& a, const std::vector<Prompt>& prompts) {
        a->answer(write_prompt_list(prompts, a->revision));
      }));
}

void get_prompt(const AskedPtr& asked) {
  asked->parts->provider->list_prompts(
      then<std::vector<Prompt>>(asked, [](const AskedPtr& a, const std::vector<Prompt>& prompts) {
        auto call = read_prompt_call(prompts, a->params);
        if (!call) return a->answer(tl::unexpected(std::move(call.error())));
        a->parts->provider->get_prompt(
            std::move(*call),
            then<PromptResult>(a, [](const AskedPtr& b, const PromptResult& result) {
              b->answer(write_prompt_result(result));
            }));
      }));
}

void list_resources(const AskedPtr& asked) {
  asked->parts->provider->list_resources(
      then<std::vector<Resource>>(asked, [](const AskedPtr& a, const std::vector<Resource>& list) {
        a->answer(write_resource_list(list, a->revision));
      }));
}

void list_resource_templates(const AskedPtr& asked) {
  asked->parts->provider->list_resource_templates(then<std::vector<ResourceTemplate>>(
      asked, [](const AskedPtr& a, const std::vector<ResourceTemplate>& list) {
        a->answer(write_template_list(list, a->revision));
      }));
}

void read_resource(const AskedPtr& asked) {
  const auto uri = asked->params.find("uri");
  if (uri == asked->params.end() || !uri->is_string()) {
    return asked->answer(refuse(Code::InvalidParams, "resources/read needs params.uri, a string."));
  }
  const auto address = uri->get<std::string>();
  asked->parts->provider->read_resource(
      address, then<Provider::Contents>(
                   asked, [address](const AskedPtr& a, const Provider::Contents& found) {
                     if (!found)
                       return a->answer(tl::unexpected(no_resource(a->revision, address)));
                     a->answer(write_contents(*found));
                   }));
}

void complete(const AskedPtr& asked) {
  auto call = read_completion_call(asked->params);
  if (!call) return asked->answer(tl::unexpected(std::move(call.error())));
  asked->parts->provider->complete(
      std::move(*call),
      then<Completion>(asked, [](const AskedPtr& a, const Completion& completion) {
        a->answer(write_completion(completion));
      }));
}

void discover(const AskedPtr& asked) {
  asked->answer(modern::discover_result(*asked->parts->info, asked->parts->provider->features()));
}

enum class Needs { Nothing, Prompts, Resources, Completions };

struct Method {
  std::string_view name;
  void (*run)(const AskedPtr&);
  Needs needs;
  bool is_cacheable;  // in the modern era
};

constexpr std::array<Method, 8> methods = {{
    {"tools/list", list_tools, Needs::Nothing, true},
    {"tools/call", call_tool, Needs::Nothing, false},
    {"prompts/list", list_prompts, Needs::Prompts, true},
    {"prompts/get", get_prompt, Needs::Prompts, false},
    {"resources/list", list_resources, Needs::Resources, true},
    {"resources/templates/list", list_resource_templates, Needs::Resources, true},
    {"resources/read", read_resource, Needs::Resources, true},
    {"completion/complete", complete, Needs::Completions, false},
}};

constexpr std::string_view discover_method = "server/discover";

const Method* method_named(std::string_view name) {
  const auto found = std::ranges::find(methods, name, &Method::name);
  return found == methods.end() ? nullptr : &*found;
}

// What the caller may see changes with its key, what it reads at any time.
constexpr modern::Caching list_caching{60'000, true};
constexpr modern::Caching read_caching{0, true};

// A provider that throws after it has answered has answered.
Answer once(Answer answer) {
  return [called = std::make_shared<std::atomic<bool>>(false),
          answer = std::move(answer)](const Outcome& outcome) {
    if (!called->exchange(true)) answer(outcome);
  };
}

// Makes results those of the modern era.
Answer completing(PartsPtr parts, const Method& method, Answer answer) {
  std::optional<modern::Caching> caching;
  if (method.is_cacheable) caching = method.run == read_resource ? read_caching : list_caching;
  return [parts = std::move(parts), caching, answer = std::move(answer)](const Outcome& outcome) {
    if (!outcome) return answer(outcome);
    answer(modern::complete(*outcome, *parts->info, caching));
  };
}

}  // namespace

Fault unknown_method(std::string_view method) {
  return {Code::MethodNotFound,
          "Unknown method " + jsonrpc::quoted(method) +
              ". The server's capabilities name the groups of methods it answers; initialize and "
              "ping exist up to 2025-11-25, server/discover from 2026-07-28 on."};
}

Dispatcher::Dispatcher(std::shared_ptr<const ServerInfo> info, std::shared_ptr<Provider> provider,
                       DefectLog on_defect)
    : parts_(std::make_shared<Parts>(
          Parts{std::move(info), std::move(provider), std::move(on_defect)})) {}

Features Dispatcher::features() const {
  return parts_->provider->features();
}

bool Dispatcher::knows(Revision revision, std::string_view name) const {
  if (name == discover_method) return is_modern(revision);
  const Method* method = method_named(name);
  if (method == nullptr) return false;
  const Features features = parts_->provider->features();
  switch (method->needs) {
    case Needs::Prompts:
      return features.prompts;
    case Needs::Resources:
      return features.resources;
    case Needs::Completions:
      return features.completions;
    case Needs::Nothing:
      break;
  }
  return true;
}

void Dispatcher::dispatch(Revision revision, jsonrpc::Message request, Answer answer) const {
  const Method* method = method_named(request.method);
  if (method != nullptr && is_modern(revision)) {
    answer = completing(parts_, *method, std::move(answer));
  }
  const auto asked =
      std::make_shared<const Asked>(Asked{parts_, revision, std::move(request.method),
                                          std::move(request.params), once(std::move(answer))});
  guarded(asked, [&] { method == nullptr ? discover(asked) : method->run(asked); });
}

}  // namespace mcp
