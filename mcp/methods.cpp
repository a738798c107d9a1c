// The methods about what a server offers: tools, prompts, resources and completion.
#include "mcp/asked.hpp"
#include "mcp/call_run.hpp"
#include "mcp/page.hpp"
#include "mcp/session.hpp"

namespace mcp {
namespace {

using jsonrpc::Code;
using jsonrpc::Fault;

// What the caller may see changes with its key, what it reads at any time.
constexpr modern::Caching list_caching{60'000, true};
constexpr modern::Caching read_caching{0, true};

using ToolListPtr = std::shared_ptr<const ToolList>;

tl::expected<ToolCall, Fault> read_call(const Json& params) {
  ToolCall call;
  const auto name = params.find("name");
  if (name == params.end() || !name->is_string()) {
    return tl::unexpected(
        Fault{Code::InvalidParams,
              "tools/call needs params.name, a string; tools/list gives the names."});
  }
  call.name = name->get<std::string>();
  const auto arguments = params.find("arguments");
  if (arguments == params.end() || arguments->is_null()) {
    call.arguments = Json::object();
  } else if (arguments->is_object()) {
    call.arguments = *arguments;
  } else {
    return tl::unexpected(
        Fault{Code::InvalidParams,
              "The params.arguments of tools/call must be an object with the members of the tool's "
              "inputSchema."});
  }
  return call;
}

Fault unknown_tool(const ToolList& list, const std::string& name) {
  std::string sentence = "Unknown tool " + jsonrpc::quoted(name) + ".";
  const std::string nearest = list.nearest(name);
  if (!nearest.empty()) sentence += " Did you mean " + jsonrpc::quoted(nearest) + "?";
  return {Code::InvalidParams, sentence + " tools/list gives the tools you may call."};
}

// Hands an answer on as the JSON text of the method's result.
template <class Result, class Write>
std::function<void(Answered<Result>)> written(const AskedPtr& asked, CallRun::Handled handled,
                                              Write write) {
  return then<Answered<Result>>(
      asked, [handled = std::move(handled), write](const AskedPtr& a, Answered<Result> answered) {
        if (auto* result = std::get_if<Result>(&answered)) return handled(write(*a, *result));
        if (auto* required = std::get_if<InputRequired>(&answered)) {
          return handled(std::move(*required));
        }
        handled(std::move(std::get<Fault>(answered)));
      });
}

void run_tool(const AskedPtr& asked, TaskSupport task, const ToolCall& call) {
  CallRun::start({asked, [call] { return call.name + "\n" + describe::dump_json(call.arguments); },
                  task,
                  [asked, call](Exchange exchange, CallRun::Handled handled) {
                    asked->provider->call_tool(
                        call, std::move(exchange),
                        written<ToolResult>(
                            asked, std::move(handled),
                            [](const Asked& a, const ToolResult& result) -> Answered<std::string> {
                              auto text = write_tool_result(result, a.revision());
                              if (!text) return std::move(text.error());
                              return std::move(*text);
                            }));
                  }});
}

// One page of a list; what is no cursor of ours is refused.
template <class Item, class Write>
void complete_page(const AskedPtr& asked, std::vector<Item> items, Write write) {
  auto page = page_of(std::move(items), asked->params(), asked->server->limits.page_items_max);
  if (!page) return asked->refuse(std::move(page.error()));
  std::string result = write(page->items, asked->revision());
  if (!page->next_cursor.empty()) {
    result.pop_back();
    result += R"(,"nextCursor":")" + page->next_cursor + "\"}";
  }
  asked->complete(std::move(result), list_caching);
}

}  // namespace

void list_tools(const AskedPtr& asked) {
  asked->provider->list_tools(
      then<ToolListPtr>(asked, [](const AskedPtr& a, const ToolListPtr& list) {
        a->complete(list->list_json(a->revision()), list_caching);
      }));
}

void call_tool(const AskedPtr& asked) {
  auto call = read_call(asked->params());
  if (!call) return asked->refuse(std::move(call.error()));
  asked->provider->list_tools(then<ToolListPtr>(
      asked, [call = std::move(*call)](const AskedPtr& a, const ToolListPtr& list) {
        const Tool* tool = list->find(call.name);
        if (tool != nullptr) return run_tool(a, tool->task, call);
        if (a->provider->refuses_tool(call.name)) return run_tool(a, TaskSupport::None, call);
        a->refuse(unknown_tool(*list, call.name));
      }));
}

void list_prompts(const AskedPtr& asked) {
  asked->provider->list_prompts(
      then<std::vector<Prompt>>(asked, [](const AskedPtr& a, std::vector<Prompt> prompts) {
        complete_page(a, std::move(prompts), write_prompt_list);
      }));
}

void get_prompt(const AskedPtr& asked) {
  asked->provider->list_prompts(
      then<std::vector<Prompt>>(asked, [](const AskedPtr& a, const std::vector<Prompt>& prompts) {
        auto call = read_prompt_call(prompts, a->params());
        if (!call) return a->refuse(std::move(call.error()));
        CallRun::start(
            {a, [call = *call] { return call.name + "\n" + describe::dump_json(call.arguments); },
             TaskSupport::None,
             [a, call = *call](Exchange exchange, CallRun::Handled handled) {
               a->provider->get_prompt(
                   call, std::move(exchange),
                   written<PromptResult>(
                       a, std::move(handled),
                       [](const Asked&, const PromptResult& result) -> Answered<std::string> {
                         return write_prompt_result(result);
                       }));
             }});
      }));
}

void list_resources(const AskedPtr& asked) {
  asked->provider->list_resources(
      then<std::vector<Resource>>(asked, [](const AskedPtr& a, std::vector<Resource> list) {
        complete_page(a, std::move(list), write_resource_list);
      }));
}

void list_resource_templates(const AskedPtr& asked) {
  asked->provider->list_resource_templates(then<std::vector<ResourceTemplate>>(
      asked, [](const AskedPtr& a, std::vector<ResourceTemplate> list) {
        complete_page(a, std::move(list), write_template_list);
      }));
}

void read_resource(const AskedPtr& asked) {
  const std::string* uri = uri_of(*asked);
  if (uri == nullptr) return;
  CallRun::start(
      {asked, [uri = *uri] { return uri; }, TaskSupport::None,
       [asked, uri = *uri](Exchange exchange, CallRun::Handled handled) {
         asked->provider->read_resource(
             uri, std::move(exchange),
             written<Provider::Contents>(
                 asked, std::move(handled),
                 [uri](const Asked& a, const Provider::Contents& found) -> Answered<std::string> {
                   if (!found) return no_resource(a.revision(), uri);
                   return write_contents(*found);
                 }));
       },
       read_caching});
}

void complete_argument(const AskedPtr& asked) {
  auto call = read_completion_call(asked->params());
  if (!call) return asked->refuse(std::move(call.error()));
  asked->provider->complete(
      std::move(*call),
      then<Completion>(asked, [](const AskedPtr& a, const Completion& completion) {
        a->complete(write_completion(completion));
      }));
}

}  // namespace mcp
