// A request on its way to the provider. Only for the sources of this library.
#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "mcp/modern.hpp"
#include "mcp/provider.hpp"
#include "mcp/request.hpp"
#include "mcp/server.hpp"

namespace mcp {

// Whoever waits for the provider shares it, so that nothing ends before the provider has answered.
struct Asked {
  std::shared_ptr<const Server> server;
  std::shared_ptr<Provider> provider;
  RequestPtr request;
  Answer answer;

  Revision revision() const { return request->revision; }
  const Json& params() const { return request->params; }

  // Answers with the JSON text of a result, in the shape of the era.
  void complete(std::string result, std::optional<modern::Caching> caching = std::nullopt) const;
  void refuse(jsonrpc::Code code, std::string sentence) const;
  void refuse(jsonrpc::Fault fault) const { answer(tl::unexpected(std::move(fault))); }
  // Tells the log of a defect of the provider. The fault to answer with does not say `what`, which
  // is no text for clients.
  jsonrpc::Fault defect(std::string_view what) const;
};
using AskedPtr = std::shared_ptr<const Asked>;

// Runs `work`; what it throws is logged, and `fail` gets the fault.
template <class Work, class Fail>
void guarded(const Asked& asked, Work work, Fail fail) {
  try {
    work();
  } catch (const std::exception& error) {
    fail(asked.defect(error.what()));
  } catch (...) {
    fail(asked.defect("something that is no exception"));
  }
}

// The same; the fault is the answer.
template <class Work>
void guarded(const AskedPtr& asked, Work work) {
  guarded(*asked, std::move(work), [&](jsonrpc::Fault fault) { asked->refuse(std::move(fault)); });
}

// A callback for the provider that is guarded too: it may come on a thread of the provider's.
template <class Given, class Use>
std::function<void(Given)> then(const AskedPtr& asked, Use use) {
  return [asked, use = std::move(use)](Given given) mutable {
    guarded(asked, [&] { use(asked, std::move(given)); });
  };
}

// The member params.uri, a string; null when there is none, which is answered.
const std::string* uri_of(const Asked& asked);

// The methods, by what they are about.
void list_tools(const AskedPtr& asked);
void call_tool(const AskedPtr& asked);
void list_prompts(const AskedPtr& asked);
void get_prompt(const AskedPtr& asked);
void list_resources(const AskedPtr& asked);
void list_resource_templates(const AskedPtr& asked);
void read_resource(const AskedPtr& asked);
void subscribe_resource(const AskedPtr& asked);
void unsubscribe_resource(const AskedPtr& asked);
void complete_argument(const AskedPtr& asked);
void set_log_level(const AskedPtr& asked);
void ping(const AskedPtr& asked);
void discover(const AskedPtr& asked);
void listen_for_changes(const AskedPtr& asked);
void get_task(const AskedPtr& asked);
void update_task(const AskedPtr& asked);
void cancel_task(const AskedPtr& asked);

}  // namespace mcp
