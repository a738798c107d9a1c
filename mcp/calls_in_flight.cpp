#include "mcp/calls_in_flight.hpp"

namespace mcp {

using jsonrpc::Code;
using jsonrpc::Fault;

std::optional<Fault> CallsInFlight::begin(const RequestPtr& request) {
  const std::lock_guard lock(mutex_);
  if (unfinished_ >= calls_max_) {
    return Fault{Code::LimitExceeded, "There are already " + std::to_string(unfinished_) +
                                          " calls in flight on this connection; wait for an answer "
                                          "and send this one again."};
  }
  if (same_ids_ == SameIds::Refused && calls_.contains(request->id)) {
    return Fault{Code::InvalidRequest,
                 "A call with this id is in flight; give every request an id of its own."};
  }
  calls_.emplace(request->id, request);
  ++unfinished_;
  return std::nullopt;
}

bool CallsInFlight::end(const Request& request) {
  RequestPtr ended;  // destroyed without the lock
  const std::lock_guard lock(mutex_);
  const auto [first, last] = calls_.equal_range(request.id);
  for (auto call = first; call != last; ++call) {
    if (call->second.get() != &request) continue;
    ended = std::move(call->second);
    calls_.erase(call);
    break;
  }
  return !request.cancellation.is_cancelled();
}

void CallsInFlight::finish() {
  std::vector<std::function<void()>> waiters;
  {
    const std::lock_guard lock(mutex_);
    if (--unfinished_ != 0) return;
    waiters.swap(idle_waiters_);
  }
  for (const auto& waiter : waiters) waiter();
}

void CallsInFlight::heed(const jsonrpc::Message& notification) {
  if (notification.method != "notifications/cancelled") return;
  const auto named = notification.params.find("requestId");
  if (named == notification.params.end()) return;
  const auto id = jsonrpc::id_text(*named);
  if (!id) return;
  std::vector<RequestPtr> cancelled;
  {
    const std::lock_guard lock(mutex_);
    const auto [first, last] = calls_.equal_range(*id);
    for (auto call = first; call != last; ++call) cancelled.push_back(call->second);
  }
  for (const auto& request : cancelled) request->cancellation.cancel();
}

void CallsInFlight::cancel_all() {
  cancel_where([](const Request&) { return true; });
}

void CallsInFlight::cancel_listening() {
  cancel_where([](const Request& request) { return request.method == "subscriptions/listen"; });
}

void CallsInFlight::cancel_where(const std::function<bool(const Request&)>& is_meant) {
  std::vector<RequestPtr> cancelled;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, request] : calls_) {
      if (is_meant(*request)) cancelled.push_back(request);
    }
  }
  for (const auto& request : cancelled) request->cancellation.cancel();
}

std::size_t CallsInFlight::unfinished() const {
  const std::lock_guard lock(mutex_);
  return unfinished_;
}

void CallsInFlight::when_idle(std::function<void()> then) {
  {
    const std::lock_guard lock(mutex_);
    if (unfinished_ != 0) {
      idle_waiters_.push_back(std::move(then));
      return;
    }
  }
  then();
}

}  // namespace mcp
