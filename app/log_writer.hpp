// Writes log lines to a descriptor from a thread of its own, so that whoever logs never waits: not
// for a pipe that nobody reads, not for a full disk.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

namespace segmentflow::app {

struct LogWriterLimits {
  // Lines that wait for the descriptor, together; what does not fit is lost, and counted.
  std::size_t queue_bytes_max = 1 << 20;
};

// Thread-safe. Lines keep the order in which they were put.
class LogWriter {
 public:
  // `lost` gives the line that tells of so many lost ones; it is written where they would stand, as
  // soon as something can be written again. `fd` is not closed. Throws std::system_error when the
  // process is out of descriptors.
  LogWriter(int fd, std::function<std::string(std::uint64_t count)> lost, LogWriterLimits limits);
  LogWriter(int fd, std::function<std::string(std::uint64_t count)> lost)
      : LogWriter(fd, std::move(lost), LogWriterLimits{}) {}
  ~LogWriter();  // as stop() with no patience; the thread must have been able to end
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  // Takes a line with its end. Never waits for the descriptor. The first one starts the thread.
  void put(std::string line);

  // Waits until all that was put is written or lost; false when that takes longer.
  bool drain(std::chrono::milliseconds patience);

  // Writes what can be written within `patience`, and ends the thread. False when it still stands
  // in a write that does not return: then the process can only leave by _exit. Later lines are
  // lost.
  bool stop(std::chrono::milliseconds patience);

 private:
  struct Line {
    std::string text;
    std::uint64_t lost_before = 0;
  };
  // Lines that are written at once.
  struct Batch {
    std::string bytes;
    std::uint64_t lines = 0;
    std::uint64_t lost_before = 0;
  };

  void run();
  std::optional<Batch> take();
  void write(const Batch& batch);
  bool wait_writable();

  const int fd_;
  const std::function<std::string(std::uint64_t)> lost_line_;
  const LogWriterLimits limits_;
  const int wake_fd_;  // readable once the thread must not wait for the descriptor any more

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Line> lines_;  // guarded by mutex_, as is all below
  std::size_t bytes_ = 0;   // of lines_
  std::uint64_t lost_ = 0;  // after the last of lines_
  bool writing_ = false;    // a batch is taken and not done
  bool stopping_ = false;
  bool ended_ = false;
  std::thread thread_;

  // Of the thread alone.
  std::uint64_t failed_ = 0;  // lines that could not be written, before those to come
  bool mid_line_ = false;     // a write broke off inside a line
};

}  // namespace segmentflow::app
