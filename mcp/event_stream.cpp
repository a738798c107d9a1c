#include "mcp/event_stream.hpp"

#include <utility>

namespace mcp {

std::string event_text(std::string_view data, std::string_view id) {
  std::string text;
  text.reserve(data.size() + id.size() + 16);
  if (!id.empty()) text.append("id: ").append(id).append("\n");
  return text.append("data: ").append(data).append("\n\n");
}

void EventStream::send(std::string_view bytes) {
  std::function<void()> wake;
  {
    const std::lock_guard lock(mutex_);
    if (finished_ || gone_) return;
    if (unread_.size() + bytes.size() > unread_bytes_max_) {
      unread_.clear();  // half a stream is worse than one that ends
      finished_ = true;
    } else {
      unread_.append(bytes);
    }
    wake = std::exchange(wake_, nullptr);
  }
  if (wake) wake();
}

void EventStream::finish() {
  std::function<void()> wake;
  std::function<void()> forgotten;
  {
    const std::lock_guard lock(mutex_);
    finished_ = true;
    forgotten.swap(on_gone_);
    wake = std::exchange(wake_, nullptr);
  }
  if (wake) wake();
}

void EventStream::on_gone(std::function<void()> then) {
  {
    const std::lock_guard lock(mutex_);
    if (!gone_) {
      if (!finished_) on_gone_ = std::move(then);
      return;
    }
  }
  then();
}

void EventStream::hold(std::shared_ptr<void> held) {
  const std::lock_guard lock(mutex_);
  held_.push_back(std::move(held));
}

EventStream::Chunk EventStream::take() {
  std::vector<std::shared_ptr<void>> held;  // destroyed without the lock
  const std::lock_guard lock(mutex_);
  const bool is_last = finished_ || gone_;
  if (is_last) held.swap(held_);
  return {std::exchange(unread_, {}), is_last};
}

void EventStream::on_ready(std::function<void()> wake) {
  {
    const std::lock_guard lock(mutex_);
    if (unread_.empty() && !finished_ && !gone_) {
      wake_ = std::move(wake);
      return;
    }
  }
  wake();
}

void EventStream::abandon() {
  std::function<void()> wake;
  std::function<void()> then;
  std::vector<std::shared_ptr<void>> held;
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(gone_, true)) return;
    unread_.clear();
    held.swap(held_);
    then = std::exchange(on_gone_, nullptr);
    wake = std::exchange(wake_, nullptr);
  }
  if (then) then();
  if (wake) wake();
}

}  // namespace mcp
