#include "mcp/dispatch.hpp"

#include <exception>
#include <utility>

#include "mcp/modern.hpp"

namespace mcp {

struct Dispatcher::Parts {
  std::shared_ptr<const ServerInfo> info;
  std::shared_ptr<ToolProvider> tools;
  DefectLog on_defect;
};

namespace {

using jsonrpc::Code;
using jsonrpc::Fault;
using jsonrpc::Outcome;

tl::unexpected<Fault> refuse(Code code, std::string sentence) {
  return tl::unexpected(Fault{code, std::move(sentence)});
}

tl::unexpected<Fault> refuse_defect(std::string_view method) {
  return refuse(Code::InternalError, "The server failed in " + std::string(method) +
                                         ". This is a defect; its log has the cause.");
}

// Runs `work`; what it throws is logged and answered.
template <class Work>
void guarded(const DefectLog& log, std::string_view method, const Answer& answer, Work work) {
  try {
    work();
    return;
  } catch (const std::exception& error) {
    if (log) log("A tool provider threw in " + std::string(method) + ": " + error.what());
  } catch (...) {
    if (log) log("A tool provider threw in " + std::string(method) + " what is no exception.");
  }
  answer(refuse_defect(method));
}

// What the caller may see changes with its key; the tools themselves with the server's version.
constexpr modern::Caching list_caching{60'000, true};

// Makes results those of the modern era.
Answer completing(std::shared_ptr<const Dispatcher::Parts> parts, bool is_list, Answer answer) {
  return [parts = std::move(parts), is_list, answer = std::move(answer)](const Outcome& outcome) {
    if (!outcome) return answer(outcome);
    const auto caching = is_list ? std::optional(list_caching) : std::nullopt;
    answer(modern::complete(*outcome, *parts->info, caching));
  };
}

tl::expected<ToolCall, Fault> read_call(Json& params) {
  ToolCall call;
  auto name = params.find("name");
  if (name == params.end() || !name->is_string()) {
    return refuse(Code::InvalidParams,
                  "tools/call needs params.name, a string; tools/list gives the names.");
  }
  call.name = std::move(name->get_ref<std::string&>());
  auto arguments = params.find("arguments");
  if (arguments == params.end() || arguments->is_null()) {
    call.arguments = Json::object();
  } else if (arguments->is_object()) {
    call.arguments = std::move(*arguments);
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

}  // namespace

Fault unknown_method(std::string_view method) {
  return {Code::MethodNotFound,
          "Unknown method " + jsonrpc::quoted(method) +
              ". This server answers tools/list and tools/call; initialize and ping up to "
              "2025-11-25; server/discover from 2026-07-28 on."};
}

Dispatcher::Dispatcher(std::shared_ptr<const ServerInfo> info, std::shared_ptr<ToolProvider> tools,
                       DefectLog on_defect)
    : parts_(
          std::make_shared<Parts>(Parts{std::move(info), std::move(tools), std::move(on_defect)})) {
}

bool Dispatcher::knows(Revision revision, std::string_view method) {
  if (method == "server/discover") return is_modern(revision);
  return method == "tools/list" || method == "tools/call";
}

void Dispatcher::dispatch(Revision revision, jsonrpc::Message request, Answer answer) const {
  if (request.method == "server/discover") return answer(modern::discover_result(*parts_->info));
  const bool is_list = request.method == "tools/list";
  if (is_modern(revision)) answer = completing(parts_, is_list, std::move(answer));
  if (is_list) {
    guarded(parts_->on_defect, "tools/list", answer, [&] {
      parts_->tools->list_tools(
          [parts = parts_, revision, answer](const std::shared_ptr<const ToolList>& list) {
            answer(list->list_json(revision));
          });
    });
    return;
  }
  auto call = read_call(request.params);
  if (!call) {
    answer(tl::unexpected(std::move(call.error())));
    return;
  }
  auto checked = [parts = parts_, revision, call = std::move(*call),
                  answer](const std::shared_ptr<const ToolList>& list) mutable {
    if (list->find(call.name) == nullptr) {
      answer(tl::unexpected(unknown_tool(*list, call.name)));
      return;
    }
    // Guarded here too: the list may come on a thread of the provider's.
    guarded(parts->on_defect, "tools/call", answer, [&] {
      parts->tools->call_tool(std::move(call), [revision, answer](const ToolResult& result) {
        answer(write_tool_result(result, revision));
      });
    });
  };
  guarded(parts_->on_defect, "tools/call", answer,
          [&] { parts_->tools->list_tools(std::move(checked)); });
}

}  // namespace mcp
