#include "mcp/dispatch.hpp"

#include <exception>
#include <utility>

namespace mcp {

struct Dispatcher::Parts {
  std::shared_ptr<ToolProvider> tools;
  DefectLog on_defect;
};

namespace {

using jsonrpc::Code;
using jsonrpc::Fault;

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

Dispatcher::Dispatcher(std::shared_ptr<ToolProvider> tools, DefectLog on_defect)
    : parts_(std::make_shared<Parts>(std::move(tools), std::move(on_defect))) {}

bool Dispatcher::knows(std::string_view method) {
  return method == "tools/list" || method == "tools/call";
}

void Dispatcher::dispatch(Revision revision, jsonrpc::Message request, Answer answer) const {
  if (request.method == "tools/list") {
    guarded(parts_->on_defect, "tools/list", answer, [&] {
      parts_->tools->list_tools([revision, answer](const std::shared_ptr<const ToolList>& list) {
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
