// A body of Server-Sent Events (https://html.spec.whatwg.org/multipage/server-sent-events.html)
// between the library, which writes it, and a transport, which reads it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace mcp {

// The text of an event. `data` is one line; `id` may be "".
std::string event_text(std::string_view data, std::string_view id = {});

// Thread-safe. Functions are called without a lock held.
class EventStream {
 public:
  // A reader that leaves more than so many bytes unread is cut off: for it the stream ends there.
  explicit EventStream(std::size_t unread_bytes_max) : unread_bytes_max_(unread_bytes_max) {}

  // --- for the library ---
  void send(std::string_view bytes);
  // Nothing follows.
  void finish();
  // Calls `then` once, on the transport's thread, when the reader goes before the end or was cut
  // off: now, if it has.
  void on_gone(std::function<void()> then);
  // What is to live until the stream has ended, at either side.
  void hold(std::shared_ptr<void> held);
  // How to find out whether the reader may still read: the function calls what it is given when it
  // may not. Set before the transport has the stream.
  using Check = std::function<void(std::function<void()>)>;
  void set_check(Check check) { check_ = std::move(check); }

  // --- for the transport ---
  struct Chunk {
    std::string bytes;
    bool is_last = false;
  };
  // What there is; may be empty.
  Chunk take();
  // Calls `wake` once when take() has something new: now, if it has.
  void on_ready(std::function<void()> wake);
  // The reader is gone, or may not read any more.
  void abandon();
  // Asked now and then, at least where there is nothing to send; may be empty.
  const Check& check() const { return check_; }

 private:
  const std::size_t unread_bytes_max_;
  std::mutex mutex_;
  std::string unread_;
  bool finished_ = false;
  bool gone_ = false;
  std::function<void()> wake_;
  std::function<void()> on_gone_;
  Check check_;
  std::vector<std::shared_ptr<void>> held_;
};

}  // namespace mcp
