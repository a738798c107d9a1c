// Where an answer waits for its session: the only object that both the thread that answers and the
// session's thread touch. It outlives either side.
#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace transport::http {

using DefectLog = std::function<void(std::string)>;

// What a session can stop waiting for.
class PendingReply {
 public:
  virtual ~PendingReply() = default;
  // Ends the waiting without an answer; a later one is ignored. Any thread.
  virtual void abandon() = 0;
};

template <class Answer>
class ReplySlot final : public PendingReply {
 public:
  // `context` is shared so that a late answer never posts to a context that is being destroyed.
  ReplySlot(std::shared_ptr<boost::asio::io_context> context, std::shared_ptr<const DefectLog> log)
      : context_(std::move(context)), log_(std::move(log)) {}

  // What the one who answers gets. Any thread.
  static std::function<void(Answer)> responder(std::shared_ptr<ReplySlot> slot) {
    // One guard is shared by all copies of the function: the last to go tells of a dropped answer.
    struct Guard {
      explicit Guard(std::shared_ptr<ReplySlot> s) : slot(std::move(s)) {}
      Guard(const Guard&) = delete;
      Guard& operator=(const Guard&) = delete;
      ~Guard() { slot->drop(); }
      std::shared_ptr<ReplySlot> slot;
    };
    auto guard = std::make_shared<Guard>(std::move(slot));
    return [guard](Answer answer) { guard->slot->answer(std::move(answer)); };
  }

  void abandon() override {
    const std::lock_guard lock(mutex_);
    if (state_ == State::Waiting) settle(State::Abandoned, std::nullopt);
  }

  // Answered, dropped or abandoned.
  bool settled() const {
    const std::lock_guard lock(mutex_);
    return state_ != State::Waiting;
  }

  // The answer, once; nothing when there was none. `dropped()` says whose fault that is.
  std::optional<Answer> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(answer_, std::nullopt);
  }

  // Every copy of the responder was destroyed uncalled.
  bool dropped() const {
    const std::lock_guard lock(mutex_);
    return state_ == State::Dropped;
  }

  // Completes with void() on the session's context when the slot is settled. Once per slot.
  template <class Token>
  auto async_wait(Token token) {
    auto initiation = [this](auto completion) {
      // std::function wants copies; the completion is move-only, so it is shared.
      auto held = std::make_shared<decltype(completion)>(std::move(completion));
      wait([held] { std::move (*held)(); });
    };
    return boost::asio::async_initiate<Token, void()>(std::move(initiation), token);
  }

 private:
  enum class State { Waiting, Answered, Dropped, Abandoned };

  void answer(Answer answer) {
    {
      const std::lock_guard lock(mutex_);
      if (state_ == State::Waiting) return settle(State::Answered, std::move(answer));
      if (state_ == State::Abandoned) return;  // the server stopped; nobody is at fault
    }
    if (*log_) (*log_)("a handler answered a request twice; the second answer was ignored");
  }

  void drop() {
    const std::lock_guard lock(mutex_);
    if (state_ == State::Waiting) settle(State::Dropped, std::nullopt);
  }

  void wait(std::function<void()> resume) {
    const std::lock_guard lock(mutex_);
    if (state_ == State::Waiting) {
      resume_ = std::move(resume);
    } else {
      boost::asio::post(*context_, std::move(resume));
    }
  }

  void settle(State state, std::optional<Answer> answer) {
    state_ = state;
    answer_ = std::move(answer);
    if (!resume_) return;
    boost::asio::post(*context_, std::move(resume_));
    resume_ = nullptr;
  }

  const std::shared_ptr<boost::asio::io_context> context_;
  const std::shared_ptr<const DefectLog> log_;
  mutable std::mutex mutex_;
  State state_ = State::Waiting;  // guarded by mutex_
  std::optional<Answer> answer_;  // guarded by mutex_
  std::function<void()> resume_;  // guarded by mutex_
};

}  // namespace transport::http
