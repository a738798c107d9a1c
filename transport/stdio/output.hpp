// The two halves of writing to a client: an outbox that any thread puts messages into, and the one
// owner of the descriptor, which never waits for a slow reader.
#pragma once

#include <atomic>
#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>

namespace transport::stdio {

// Messages on their way out. Shared with the calls in flight, which may outlive the server. All
// methods are thread-safe.
class Outbox {
 public:
  // Throws std::system_error when the process is out of descriptors.
  Outbox();
  ~Outbox();
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;

  // Adds a message as one line and wakes the owner if it sleeps.
  void put(std::string_view message);

  // Says that the last call in flight has ended.
  void note_idle();
  bool idle();

  // Wakes the owner to look at its stop flag. Async-signal-safe.
  void interrupt() noexcept;

  // Appends what has been put to `out`.
  void take(std::string& out);

  // The owner brackets its wait on `wake_fd` with these: in between, the first put or note_idle
  // writes to that descriptor. `sleep` gives false when there are messages to take at once.
  bool sleep();
  void wake_up();
  int wake_fd() const { return wake_fd_; }

 private:
  void wake(bool sleeping) noexcept;

  std::mutex mutex_;
  std::string lines_;
  bool sleeping_ = false;
  bool idle_ = false;
  int wake_fd_;
};

// Writes to a descriptor without waiting where the kind of descriptor permits it: pipes are made
// non-blocking for the life of this object, sockets are written to with MSG_DONTWAIT. Files and
// terminals are written to as they are.
class OutputDescriptor {
 public:
  explicit OutputDescriptor(int fd);
  ~OutputDescriptor();
  OutputDescriptor(const OutputDescriptor&) = delete;
  OutputDescriptor& operator=(const OutputDescriptor&) = delete;

  enum class State { Done, Full, Gone };
  // Writes as much of `bytes` as goes and adds what went to `written`. Full: wait for the
  // descriptor to take more. Gone: nobody reads any more, or the write failed for another reason.
  State write(std::string_view bytes, std::size_t& written);

  int fd() const { return fd_; }

 private:
  enum class Kind { Pipe, Socket, Other };
  int fd_;
  Kind kind_;
  int flags_before_ = 0;
};

// Keeps SIGPIPE from the calling thread while it lives, so that a client that has gone is an error
// of write(). The rest of the process keeps its own disposition.
class NoSigpipe {
 public:
  NoSigpipe();
  ~NoSigpipe();
  NoSigpipe(const NoSigpipe&) = delete;
  NoSigpipe& operator=(const NoSigpipe&) = delete;

 private:
  bool blocked_before_;
};

}  // namespace transport::stdio
