#include "mcp/changes.hpp"

#include <vector>

namespace mcp {

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

void Changes::tell(const Change& change) const {
  std::vector<std::shared_ptr<const Listener>> listeners;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [number, listener] : listeners_) listeners.push_back(listener);
  }
  for (const auto& listener : listeners) (*listener)(change);
}

}  // namespace mcp
