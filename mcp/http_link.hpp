// The answer to one POST: JSON when nothing comes before it, else a stream of events that it ends.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "mcp/event_stream.hpp"
#include "mcp/http_message.hpp"
#include "mcp/link.hpp"
#include "mcp/stream_log.hpp"

namespace mcp {

class HttpLink final : public Link {
 public:
  // How this client can be sent events.
  struct Events {
    std::shared_ptr<StreamLog> log;  // of its session; null: a stream is gone when it breaks
    bool can_return = false;         // the client comes back for a stream that was let go
    bool preferred = false;          // also where nothing comes before the answer
    std::size_t unread_bytes_max = 4 << 20;
    std::function<bool(EventStream&)> admit;  // counts the stream; false when there are too many
    std::function<void()> on_gone;            // the client has left a stream without a log
  };

  // `events` is absent for clients that take JSON only: what comes before the answer is dropped.
  HttpLink(std::function<void(HttpAnswer)> done, std::optional<Events> events)
      : done_(std::move(done)), events_(std::move(events)) {}

  bool send(std::string message) override;
  bool can_send() const override { return events_.has_value(); }
  void release() override;

  // The answer, once. `status` counts where it goes out as JSON.
  void answer(int status, std::string message);

 private:
  bool open();  // under mutex_; false when there can be no stream

  const std::function<void(HttpAnswer)> done_;
  const std::optional<Events> events_;
  std::mutex mutex_;  // for all below
  bool answered_ = false;
  bool is_open_ = false;
  bool is_refused_ = false;  // the client has too many streams
  // Set before is_open_, and not changed after.
  StreamLog::Name name_ = StreamLog::own;  // in the log
  std::shared_ptr<EventStream> stream_;    // without a log
};

}  // namespace mcp
