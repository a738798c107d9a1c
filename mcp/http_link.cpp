#include "mcp/http_link.hpp"

#include <utility>

namespace mcp {

bool HttpLink::open() {
  if (is_open_) return true;
  if (!events_ || is_refused_) return false;
  std::shared_ptr<EventStream> stream;
  if (events_->log) {
    name_ = events_->log->open();
    stream = events_->log->read(name_, 0);
  } else {
    stream_ = std::make_shared<EventStream>(events_->unread_bytes_max);
    stream = stream_;
  }
  is_refused_ = !stream || !events_->admit(*stream);
  if (is_refused_) {
    if (events_->log) events_->log->drop(name_);
    return false;
  }
  if (stream_) stream_->on_gone(events_->on_gone);
  is_open_ = true;
  done_(event_answer(std::move(stream)));
  return true;
}

// What the stream does may come back here, so it is called without the lock.
bool HttpLink::send(std::string message) {
  {
    const std::lock_guard lock(mutex_);
    if (answered_ || !open()) return false;
  }
  if (stream_) {
    stream_->send(event_text(message));
  } else {
    events_->log->append(name_, message);
  }
  return true;
}

void HttpLink::release() {
  {
    const std::lock_guard lock(mutex_);
    if (answered_ || !events_ || !events_->log || !events_->can_return || !open()) return;
  }
  events_->log->release(name_);
}

void HttpLink::answer(int status, std::string message) {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(answered_, true)) return;
    const bool opens = events_ && events_->preferred && status == 200 && !message.empty();
    if (!is_open_ && !(opens && open())) return done_({status, {}, std::move(message), nullptr});
  }
  if (!stream_) return events_->log->finish(name_, message);
  if (!message.empty()) stream_->send(event_text(message));
  stream_->finish();
}

}  // namespace mcp
