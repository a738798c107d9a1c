#include "transport/http/reply_slot.hpp"

namespace transport::http {

std::function<void(Response)> ReplySlot::responder(std::shared_ptr<ReplySlot> slot) {
  // One guard is shared by all copies of the function: the last to go tells of a dropped answer.
  struct Guard {
    explicit Guard(std::shared_ptr<ReplySlot> s) : slot(std::move(s)) {}
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;
    ~Guard() { slot->drop(); }
    std::shared_ptr<ReplySlot> slot;
  };
  auto guard = std::make_shared<Guard>(std::move(slot));
  return [guard](Response response) { guard->slot->answer(std::move(response)); };
}

void ReplySlot::answer(Response response) {
  {
    const std::lock_guard lock(mutex_);
    if (state_ == State::Waiting) return settle(State::Answered, std::move(response));
    if (state_ == State::Abandoned) return;  // the server stopped; nobody is at fault
  }
  log_defect("a handler answered a request twice; the second answer was ignored");
}

void ReplySlot::drop() {
  const std::lock_guard lock(mutex_);
  if (state_ == State::Waiting) settle(State::Dropped, std::nullopt);
}

void ReplySlot::abandon() {
  const std::lock_guard lock(mutex_);
  if (state_ == State::Waiting) settle(State::Abandoned, std::nullopt);
}

void ReplySlot::settle(State state, std::optional<Response> response) {
  state_ = state;
  response_ = std::move(response);
  if (!resume_) return;
  boost::asio::post(*context_, std::move(resume_));
  resume_ = nullptr;
}

void ReplySlot::wait(std::function<void()> resume) {
  const std::lock_guard lock(mutex_);
  if (state_ == State::Waiting) {
    resume_ = std::move(resume);
  } else {
    boost::asio::post(*context_, std::move(resume));
  }
}

bool ReplySlot::settled() const {
  const std::lock_guard lock(mutex_);
  return state_ != State::Waiting;
}

bool ReplySlot::dropped() const {
  const std::lock_guard lock(mutex_);
  return state_ == State::Dropped;
}

std::optional<Response> ReplySlot::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(response_, std::nullopt);
}

void ReplySlot::log_defect(const char* sentence) const {
  if (*log_) (*log_)(sentence);
}

}  // namespace transport::http
