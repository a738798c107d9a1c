// The calls of one client that are not answered yet, by their ids.
#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "mcp/request.hpp"

namespace mcp {

// Thread-safe.
class CallsInFlight {
 public:
  enum class SameIds { Refused, Allowed };  // allowed where each answer has a way of its own

  CallsInFlight(std::size_t calls_max, SameIds same_ids)
      : calls_max_(calls_max), same_ids_(same_ids) {}

  // Registers a call; a fault when its id is in flight or there are too many.
  std::optional<jsonrpc::Fault> begin(const RequestPtr& request);
  // Frees the id; false when the call was cancelled, so that its answer is dropped.
  bool end(const Request& request);
  // Counts the call as finished, after its answer went out.
  void finish();

  // Cancels the calls that the client names in notifications/cancelled; other notifications mean
  // nothing here. An unknown id is a call that was answered meanwhile.
  void heed(const jsonrpc::Message& notification);
  void cancel_all();
  // Cancels those that go on until the client ends them.
  void cancel_listening();

  std::size_t unfinished() const;
  // Calls `then` once as soon as no call is unfinished: now, or from the thread that ends the last.
  void when_idle(std::function<void()> then);

 private:
  void cancel_where(const std::function<bool(const Request&)>& is_meant);

  const std::size_t calls_max_;
  const SameIds same_ids_;
  mutable std::mutex mutex_;
  std::unordered_multimap<std::string, RequestPtr> calls_;
  std::size_t unfinished_ = 0;
  std::vector<std::function<void()>> idle_waiters_;
};

}  // namespace mcp
