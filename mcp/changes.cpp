#include "mcp/changes.hpp"

#include "mcp/jsonrpc.hpp"

namespace mcp {

std::string_view method_of(const Change& change) {
  switch (change.of) {
    case Change::Of::Tools:
      return "notifications/tools/list_changed";
    case Change::Of::Prompts:
      return "notifications/prompts/list_changed";
    case Change::Of::Resources:
      return "notifications/resources/list_changed";
    case Change::Of::Resource:
      return "notifications/resources/updated";
    case Change::Of::Task:
      break;
  }
  return "notifications/tasks";
}

std::string params_of(const Change& change) {
  if (change.of != Change::Of::Resource) return change.members;
  std::string uri = R"("uri":)";
  jsonrpc::append_string(uri, change.name);
  return uri;
}

Changes::Subscription::~Subscription() {
  const auto changes = changes_.lock();
  if (!changes) return;
  std::shared_ptr<const Listener> gone;  // destroyed without the lock
  const std::lock_guard lock(changes->mutex_);
  const auto found = changes->listeners_.find(number_);
  if (found == changes->listeners_.end()) return;
  gone = std::move(found->second);
  changes->listeners_.erase(found);
}

std::shared_ptr<Changes::Subscription> Changes::listen(const std::shared_ptr<Changes>& changes,
                                                       Listener listener) {
  auto kept = std::make_shared<const Listener>(std::move(listener));
  const std::lock_guard lock(changes->mutex_);
  const std::uint64_t number = ++changes->last_;
  changes->listeners_.emplace(number, std::move(kept));
  return std::make_shared<Subscription>(changes, number);
}

std::shared_ptr<void> Changes::watch(const std::shared_ptr<Changes>& changes,
                                     const std::string& uri) {
  {
    const std::lock_guard lock(changes->mutex_);
    ++changes->watched_[uri];
  }
  return {nullptr, [weak = std::weak_ptr(changes), uri](void*) {
            const auto hub = weak.lock();
            if (!hub) return;
            const std::lock_guard lock(hub->mutex_);
            const auto found = hub->watched_.find(uri);
            if (--found->second == 0) hub->watched_.erase(found);
          }};
}

std::vector<std::string> Changes::watched() const {
  std::vector<std::string> uris;
  const std::lock_guard lock(mutex_);
  for (const auto& [uri, count] : watched_) uris.push_back(uri);
  return uris;
}

void Changes::tell(const Change& change) const {
  std::vector<std::shared_ptr<const Listener>> listeners;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [number, listener] : listeners_) listeners.push_back(listener);
  }
  for (const auto& listener : listeners) (*listener)(change);
}

}  // namespace mcp
