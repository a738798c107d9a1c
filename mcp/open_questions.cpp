#include "mcp/open_questions.hpp"

#include <vector>

namespace mcp {

void OpenQuestions::add(const std::shared_ptr<Session>& session) {
  const std::lock_guard lock(mutex_);
  asking_.insert(session);
}

void OpenQuestions::give_up(Session::Clock::time_point latest) {
  std::vector<std::shared_ptr<Session>> asking;
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(asking_, [&](const std::weak_ptr<Session>& each) {
      const auto session = each.lock();
      if (session && session->is_asking()) asking.push_back(session);
      return !session || !session->is_asking();
    });
  }
  for (const auto& session : asking) session->give_up_questions(latest);
}

}  // namespace mcp
