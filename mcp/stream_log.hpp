// The streams of one HTTP session of the legacy era. What was sent is kept for a while, so that a
// client whose connection broke gets what it missed: it names the last event it has seen.
// https://modelcontextprotocol.io/specification/2025-11-25/basic/transports
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "mcp/event_stream.hpp"

namespace mcp {

struct StreamLogLimits {
  std::size_t kept_bytes_max = 256 << 10;  // of all streams; the oldest events are forgotten first
  std::size_t ended_streams_max = 16;      // that are kept
  std::size_t unread_bytes_max = 4 << 20;  // of one reader
  std::size_t retry_ms = 1'000;            // how soon a client comes back, where it is told
};

// Thread-safe.
class StreamLog {
 public:
  using Name = std::uint64_t;
  // The stream for what belongs to no request; there from the beginning.
  static constexpr Name own = 0;

  // `primes`: streams begin with an empty event, so that a client can come back at once.
  StreamLog(StreamLogLimits limits, bool primes);
  // Its readers are told the end.
  ~StreamLog();
  StreamLog(const StreamLog&) = delete;
  StreamLog& operator=(const StreamLog&) = delete;

  Name open();
  // Forgets a stream that never began.
  void drop(Name name);

  // A reader of the stream, instead of the one before; null when there is no such stream, or not
  // all of it after `seen` is kept. It gets the events after `seen`; nullopt: those to come.
  std::shared_ptr<EventStream> read(Name name, std::optional<std::uint64_t> seen);

  // The stream and event of a Last-Event-ID; nullopt for none of ours.
  struct Place {
    Name name;
    std::uint64_t seen;
  };
  static std::optional<Place> place_of(std::string_view event_id);

  void append(Name name, std::string_view message);
  // The last message, which ends the stream.
  void finish(Name name, std::string_view message);
  // Ends the reader, not the stream: the client comes back for the rest.
  void release(Name name);

 private:
  struct Entry {
    std::uint64_t last = 0;          // number of the latest event
    std::deque<std::string> events;  // the latest, as they are sent
    std::size_t bytes = 0;
    bool has_ended = false;
    std::shared_ptr<EventStream> reader;
  };

  void add(Name name, Entry& entry, std::string_view message);  // under mutex_
  void forget();                                                // under mutex_

  const StreamLogLimits limits_;
  const bool primes_;
  std::mutex mutex_;
  Name last_ = own;
  std::map<Name, Entry> entries_;
};

}  // namespace mcp
