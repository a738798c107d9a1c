#include "mcp/stream_log.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>

namespace mcp {
namespace {

std::string event_id(StreamLog::Name name, std::uint64_t number) {
  return std::to_string(name) + "-" + std::to_string(number);
}

std::optional<std::uint64_t> number_in(std::string_view text) {
  std::uint64_t number = 0;
  const auto [after, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || after != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

StreamLog::StreamLog(StreamLogLimits limits, bool primes) : limits_(limits), primes_(primes) {
  entries_.emplace(own, Entry{});
}

StreamLog::~StreamLog() {
  for (const auto& [name, entry] : entries_) {
    if (entry.reader) entry.reader->finish();
  }
}

StreamLog::Name StreamLog::open() {
  const std::lock_guard lock(mutex_);
  forget();
  entries_.emplace(++last_, Entry{});
  return last_;
}

void StreamLog::drop(Name name) {
  const std::lock_guard lock(mutex_);
  entries_.erase(name);
}

std::shared_ptr<EventStream> StreamLog::read(Name name, std::optional<std::uint64_t> seen) {
  auto reader = std::make_shared<EventStream>(limits_.unread_bytes_max);
  std::shared_ptr<EventStream> before;
  {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(name);
    if (found == entries_.end()) return nullptr;
    Entry& entry = found->second;
    const std::uint64_t first = entry.last - entry.events.size() + 1;
    if (seen && *seen + 1 < first) return nullptr;  // what it missed is no longer kept
    if (primes_) {
      reader->send("id: " + event_id(name, seen.value_or(entry.last)) +
                   "\nretry: " + std::to_string(limits_.retry_ms) + "\ndata: \n\n");
    }
    for (std::size_t i = 0; seen && i < entry.events.size(); ++i) {
      if (first + i > *seen) reader->send(entry.events[i]);
    }
    if (entry.has_ended) {
      reader->finish();
    } else {
      before = std::exchange(entry.reader, reader);
    }
  }
  if (before) before->finish();
  return reader;
}

std::optional<StreamLog::Place> StreamLog::place_of(std::string_view event_id) {
  const std::size_t dash = event_id.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto name = number_in(event_id.substr(0, dash));
  const auto seen = number_in(event_id.substr(dash + 1));
  if (!name || !seen) return std::nullopt;
  return Place{*name, *seen};
}

void StreamLog::append(Name name, std::string_view message) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(name);
  if (found != entries_.end()) add(name, found->second, message);
}

void StreamLog::finish(Name name, std::string_view message) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(name);
  if (found == entries_.end()) return;
  found->second.has_ended = true;
  add(name, found->second, message);
  if (const auto reader = std::exchange(found->second.reader, nullptr)) reader->finish();
}

void StreamLog::release(Name name) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(name);
  if (found == entries_.end()) return;
  if (const auto reader = std::exchange(found->second.reader, nullptr)) reader->finish();
}

void StreamLog::add(Name name, Entry& entry, std::string_view message) {
  std::string event = event_text(message, event_id(name, ++entry.last));
  if (entry.reader) entry.reader->send(event);
  entry.bytes += event.size();
  entry.events.push_back(std::move(event));
  forget();
}

// Whole streams that have ended go first, the oldest before the others; then events of those that
// have not. The latest that has ended stays: a client may have lost just its answer, however long.
void StreamLog::forget() {
  std::size_t bytes = 0;
  std::size_t ended = 0;
  Name latest_ended = own;
  for (const auto& [name, entry] : entries_) {
    bytes += entry.bytes;
    if (!entry.has_ended) continue;
    ++ended;
    latest_ended = name;
  }
  for (auto each = entries_.begin(); each != entries_.end();) {
    const bool is_too_much = ended > limits_.ended_streams_max || bytes > limits_.kept_bytes_max;
    if (!is_too_much || !each->second.has_ended || each->first == latest_ended) {
      ++each;
      continue;
    }
    bytes -= each->second.bytes;
    --ended;
    each = entries_.erase(each);
  }
  for (auto& [name, entry] : entries_) {
    if (entry.has_ended) continue;
    while (bytes > limits_.kept_bytes_max && !entry.events.empty()) {
      bytes -= entry.events.front().size();
      entry.bytes -= entry.events.front().size();
      entry.events.pop_front();
    }
  }
}

}  // namespace mcp
