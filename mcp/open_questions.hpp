// The sessions that wait for an answer of their client, so that none waits longer than it should.
#pragma once

#include <memory>
#include <mutex>
#include <set>

#include "mcp/session.hpp"

namespace mcp {

// Thread-safe.
class OpenQuestions {
 public:
  // The session asks its client something.
  void add(const std::shared_ptr<Session>& session);

  // Gives up what was asked at `latest` or before (Session::give_up_questions). The library has no
  // clock that ticks: call it now and then, with now less ServerLimits::input_lifetime.
  void give_up(Session::Clock::time_point latest);

 private:
  std::mutex mutex_;
  std::set<std::weak_ptr<Session>, std::owner_less<>> asking_;
};

}  // namespace mcp
