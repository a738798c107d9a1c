#include "transport/smtp/answer_watch.hpp"

#include <algorithm>
#include <utility>

namespace transport::smtp {

using std::chrono::steady_clock;

void AnswerWatch::asked(const void* session, segmentflow::MailStage stage) {
  const std::lock_guard lock(mutex_);
  waits_.insert_or_assign(session, Wait{stage, steady_clock::now()});
}

void AnswerWatch::answered(const void* session) {
  const std::lock_guard lock(mutex_);
  waits_.erase(session);
  last_answer_ = steady_clock::now();
}

void AnswerWatch::given_up(const void* session) {
  const std::lock_guard lock(mutex_);
  waits_.erase(session);
}

std::optional<AnswerWatch::Silence> AnswerWatch::silence() const {
  const std::lock_guard lock(mutex_);
  const auto longest = std::min_element(
      waits_.begin(), waits_.end(),
      [](const auto& a, const auto& b) { return a.second.since < b.second.since; });
  if (longest == waits_.end()) return std::nullopt;
  const auto since = std::max(longest->second.since, last_answer_);
  return Silence{longest->second.stage, std::chrono::duration_cast<std::chrono::milliseconds>(
                                            steady_clock::now() - since)};
}

void AnswerWatch::connected_to(std::string address) {
  const std::lock_guard lock(mutex_);
  last_address_ = std::move(address);
}

std::string AnswerWatch::last_address() const {
  const std::lock_guard lock(mutex_);
  return last_address_;
}

}  // namespace transport::smtp
