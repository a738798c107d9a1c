// What a session that writes a stream waits for: more to write, or a reason to stop. The only
// object that both the source's threads and the session's thread touch. Internal to transport/http.
#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

namespace transport::http {

// Thread-safe.
class StreamSignal {
 public:
  struct Reasons {
    bool ready = false;        // the source has more
    bool keep_alive = false;   // it was silent for long
    bool client_gone = false;  // for good
    bool end = false;          // for good: the server stops
  };

  // `context` is shared so that a late wake never posts to a context that is being destroyed.
  explicit StreamSignal(std::shared_ptr<boost::asio::io_context> context)
      : context_(std::move(context)) {}

  void ready() {
    raise([](Reasons& reasons) { reasons.ready = true; });
  }
  void keep_alive() {
    raise([](Reasons& reasons) { reasons.keep_alive = true; });
  }
  void client_gone() {
    raise([](Reasons& reasons) { reasons.client_gone = true; });
  }
  void end() {
    raise([](Reasons& reasons) { reasons.end = true; });
  }

  bool is_awaited() const {
    const std::lock_guard lock(mutex_);
    return resume_ != nullptr;
  }

  // Completes with void(Reasons) on the session's context when there are reasons. One at a time.
  template <class Token>
  auto async_wait(Token token) {
    auto initiation = [this](auto completion) {
      // std::function wants copies; the completion is move-only, so it is shared.
      auto held = std::make_shared<decltype(completion)>(std::move(completion));
      wait([held](Reasons reasons) { std::move (*held)(reasons); });
    };
    return boost::asio::async_initiate<Token, void(Reasons)>(std::move(initiation), token);
  }

 private:
  using Resume = std::function<void(Reasons)>;

  template <class Change>
  void raise(Change change) {
    const std::lock_guard lock(mutex_);
    change(reasons_);
    if (resume_) resume(std::exchange(resume_, nullptr));
  }

  void wait(Resume then) {
    const std::lock_guard lock(mutex_);
    const bool has_reasons =
        reasons_.ready || reasons_.keep_alive || reasons_.client_gone || reasons_.end;
    if (has_reasons) {
      resume(std::move(then));
    } else {
      resume_ = std::move(then);
    }
  }

  // Under mutex_. What stays for good is told again.
  void resume(Resume then) {
    boost::asio::post(*context_, [then = std::move(then), reasons = reasons_] { then(reasons); });
    reasons_.ready = false;
    reasons_.keep_alive = false;
  }

  const std::shared_ptr<boost::asio::io_context> context_;
  mutable std::mutex mutex_;
  Reasons reasons_;  // guarded by mutex_
  Resume resume_;    // guarded by mutex_
};

}  // namespace transport::http
