// subscriptions/listen: a request that stays open and carries what the client asked to hear of.
// https://modelcontextprotocol.io/specification/2026-07-28/basic/utilities/subscriptions
#include <set>

#include "mcp/asked.hpp"
#include "mcp/changes.hpp"
#include "mcp/tasks.hpp"

namespace mcp {
namespace {

using jsonrpc::Code;

struct Interest {
  bool tools = false;
  bool prompts = false;
  bool resources = false;
  std::set<std::string> watched;  // resources
  std::set<std::string> tasks;
};

bool flag_in(const Json& wanted, const char* name) {
  const auto found = wanted.find(name);
  return found != wanted.end() && found->is_boolean() && found->get<bool>();
}

// The strings of an array member; nullopt when it is something else.
std::optional<std::set<std::string>> texts_in(const Json& wanted, const char* name) {
  std::set<std::string> texts;
  const auto found = wanted.find(name);
  if (found == wanted.end()) return texts;
  if (!found->is_array()) return std::nullopt;
  for (const Json& text : *found) {
    if (!text.is_string()) return std::nullopt;
    texts.insert(text.get<std::string>());
  }
  return texts;
}

tl::expected<Interest, jsonrpc::Fault> read_interest(const Json& params, std::size_t most) {
  const auto wanted = params.find("notifications");
  if (wanted == params.end() || !wanted->is_object()) {
    return tl::unexpected(jsonrpc::Fault{
        Code::InvalidParams, "subscriptions/listen needs params.notifications, an object."});
  }
  Interest interest{flag_in(*wanted, "toolsListChanged"),
                    flag_in(*wanted, "promptsListChanged"),
                    flag_in(*wanted, "resourcesListChanged"),
                    {},
                    {}};
  auto watched = texts_in(*wanted, "resourceSubscriptions");
  auto tasks = texts_in(*wanted, "taskIds");
  if (!watched || !tasks) {
    return tl::unexpected(jsonrpc::Fault{
        Code::InvalidParams,
        "The params.notifications.resourceSubscriptions and taskIds must be arrays of strings."});
  }
  if (watched->size() + tasks->size() > most) {
    return tl::unexpected(jsonrpc::Fault{
        Code::InvalidParams,
        "At most " + std::to_string(most) + " resources and tasks can be watched by one request."});
  }
  interest.watched = std::move(*watched);
  interest.tasks = std::move(*tasks);
  return interest;
}

// "{members,"_meta":{…subscriptionId}}"; `members` may be "".
std::string tagged(const AskedPtr& asked, std::string_view members) {
  std::string out = "{";
  out.append(members);
  if (!members.empty()) out += ',';
  out += R"("_meta":{"io.modelcontextprotocol/subscriptionId":)";
  return out.append(asked->request->id).append("}}");
}

bool send(const AskedPtr& asked, std::string_view method, std::string_view members) {
  return asked->request->link->send(jsonrpc::write_notification(method, tagged(asked, members)));
}

// False when the client has no stream for it.
bool acknowledge(const AskedPtr& asked, const Interest& interest) {
  Json taken = Json::object();
  if (interest.tools) taken["toolsListChanged"] = true;
  if (interest.prompts) taken["promptsListChanged"] = true;
  if (interest.resources) taken["resourcesListChanged"] = true;
  if (!interest.watched.empty()) taken["resourceSubscriptions"] = interest.watched;
  if (!interest.tasks.empty()) taken["taskIds"] = interest.tasks;
  return send(asked, "notifications/subscriptions/acknowledged",
              "\"notifications\":" + describe::dump_json(taken));
}

bool wants(const Interest& interest, const Change& change) {
  switch (change.of) {
    case Change::Of::Tools:
      return interest.tools;
    case Change::Of::Prompts:
      return interest.prompts;
    case Change::Of::Resources:
      return interest.resources;
    case Change::Of::Resource:
      return interest.watched.contains(change.name);
    case Change::Of::Task:
      break;
  }
  return interest.tasks.contains(change.name);
}

// Listens until the request is cancelled; the hub keeps it alive as long.
void start(const AskedPtr& asked, Interest interest) {
  if (!acknowledge(asked, interest)) {
    return asked->refuse({Code::LimitExceeded,
                          "There is no stream to listen on: accept text/event-stream, and close "
                          "streams that are not "
                          "used."});
  }
  std::vector<std::shared_ptr<void>> watches;
  for (const std::string& uri : interest.watched) {
    watches.push_back(Changes::watch(asked->server->changes, uri));
  }
  auto subscription = Changes::listen(
      asked->server->changes, [asked, interest = std::move(interest)](const Change& change) {
        if (wants(interest, change)) send(asked, method_of(change), params_of(change));
      });
  asked->request->cancellation.on_cancel([subscription = std::move(subscription),
                                          watches = std::move(watches),
                                          weak = std::weak_ptr(asked)]() mutable {
    const auto listening = weak.lock();
    watches.clear();
    subscription.reset();
    if (listening) listening->complete("{}");
  });
}

// Leaves out what the caller may not see, one address after the other.
void check_next(const AskedPtr& asked, Interest interest, std::vector<std::string> unchecked) {
  if (unchecked.empty()) return start(asked, std::move(interest));
  std::string uri = std::move(unchecked.back());
  unchecked.pop_back();
  asked->provider->may_watch(uri, then<bool>(asked, [uri, interest = std::move(interest),
                                                     unchecked = std::move(unchecked)](
                                                        const AskedPtr& a, bool may) mutable {
                               if (!may) interest.watched.erase(uri);
                               check_next(a, std::move(interest), std::move(unchecked));
                             }));
}

}  // namespace

void listen_for_changes(const AskedPtr& asked) {
  auto interest = read_interest(asked->params(), asked->server->limits.subscriptions_max);
  if (!interest) return asked->refuse(std::move(interest.error()));
  std::erase_if(interest->tasks, [&](const std::string& id) {
    return !asked->server->tasks || !asked->server->tasks->find(id, asked->request->identity);
  });
  std::vector<std::string> unchecked(interest->watched.begin(), interest->watched.end());
  check_next(asked, std::move(*interest), std::move(unchecked));
}

}  // namespace mcp
