// Where a handler's answer waits for its session: the only object that both the handler's thread
// and the session's thread touch. It outlives either side.
#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "transport/http/server.hpp"

namespace transport::http {

using DefectLog = std::function<void(std::string)>;

class ReplySlot {
 public:
  // `context` is shared so that a late answer never posts to a context that is being destroyed.
  ReplySlot(std::shared_ptr<boost::asio::io_context> context, std::shared_ptr<const DefectLog> log)
      : context_(std::move(context)), log_(std::move(log)) {}

  // What a handler gets. Any thread.
  static std::function<void(Response)> responder(std::shared_ptr<ReplySlot> slot);

  // Ends the waiting without an answer; a later one is ignored. Any thread.
  void abandon();

  bool settled() const;  // answered, dropped or abandoned

  // The answer, once; nothing when there was none. `dropped()` says whose fault that is.
  std::optional<Response> take();
  bool dropped() const;  // every copy of the responder was destroyed uncalled

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

  void answer(Response response);
  void drop();
  void wait(std::function<void()> resume);
  void settle(State state, std::optional<Response> response);
  void log_defect(const char* sentence) const;

  std::shared_ptr<boost::asio::io_context> context_;
  std::shared_ptr<const DefectLog> log_;
  mutable std::mutex mutex_;
  State state_ = State::Waiting;      // guarded by mutex_
  std::optional<Response> response_;  // guarded by mutex_
  std::function<void()> resume_;      // guarded by mutex_
};

}  // namespace transport::http
