#include "app/log_writer.hpp"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <system_error>
#include <utility>

namespace segmentflow::app {
namespace {

int make_wake_fd() {
  const int fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  return fd;
}

// Signals belong to the threads that wait for them, and a reader that has gone is an error of
// write.
class AllSignalsBlocked {
 public:
  AllSignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~AllSignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  AllSignalsBlocked(const AllSignalsBlocked&) = delete;
  AllSignalsBlocked& operator=(const AllSignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace

LogWriter::LogWriter(int fd, std::function<std::string(std::uint64_t)> lost, LogWriterLimits limits)
    : fd_(fd), lost_line_(std::move(lost)), limits_(limits), wake_fd_(make_wake_fd()) {}

LogWriter::~LogWriter() {
  stop(std::chrono::milliseconds(0));
  if (thread_.joinable()) thread_.join();
  ::close(wake_fd_);
}

void LogWriter::put(std::string line) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    if (bytes_ + line.size() > limits_.queue_bytes_max) {
      ++lost_;
      return;
    }
    bytes_ += line.size();
    lines_.push_back({std::move(line), std::exchange(lost_, 0)});
    if (!thread_.joinable()) {
      const AllSignalsBlocked inherited;
      thread_ = std::thread([this] { run(); });
    }
  }
  changed_.notify_all();
}

bool LogWriter::drain(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(
      lock, patience, [this] { return (lines_.empty() && lost_ == 0 && !writing_) || ended_; });
}

bool LogWriter::stop(std::chrono::milliseconds patience) {
  drain(patience);
  std::unique_lock lock(mutex_);
  stopping_ = true;
  if (!thread_.joinable()) return true;
  const std::uint64_t one = 1;
  // It can only fail when the counter is at its end, and then the thread is woken already.
  [[maybe_unused]] const auto woken = ::write(wake_fd_, &one, sizeof one);
  changed_.notify_all();
  constexpr std::chrono::milliseconds kLeave{250};  // from the wake to the end, without the write
  if (!changed_.wait_for(lock, kLeave, [this] { return ended_; })) return false;
  lock.unlock();
  thread_.join();
  return true;
}

void LogWriter::run() {
  while (const auto batch = take()) write(*batch);
  const std::lock_guard lock(mutex_);
  ended_ = true;
  changed_.notify_all();
}

// What one write takes (a pipe that poll() calls writable takes PIPE_BUF bytes without waiting), or
// one line when it is longer; nothing when the thread is to end.
std::optional<LogWriter::Batch> LogWriter::take() {
  std::unique_lock lock(mutex_);
  writing_ = false;
  changed_.notify_all();
  changed_.wait(lock, [this] { return stopping_ || !lines_.empty() || lost_ > 0; });
  if (stopping_) return std::nullopt;
  writing_ = true;
  Batch batch;
  batch.lost_before = lines_.empty() ? std::exchange(lost_, 0) : lines_.front().lost_before;
  while (!lines_.empty()) {
    const Line& next = lines_.front();
    const bool fits = batch.bytes.size() + next.text.size() <= PIPE_BUF && next.lost_before == 0;
    if (batch.lines > 0 && !fits) break;
    bytes_ -= next.text.size();
    batch.bytes += next.text;
    ++batch.lines;
    lines_.pop_front();
  }
  return batch;
}

// All of the batch, or none that counts: what breaks off is lost like what was never begun.
void LogWriter::write(const Batch& batch) {
  failed_ += batch.lost_before;
  std::string text;
  if (mid_line_) text += '\n';
  if (failed_ > 0) text += lost_line_(failed_);
  text += batch.bytes;
  std::string_view left = text;
  while (!left.empty() && wait_writable()) {
    const auto count = ::write(fd_, left.data(), std::min<std::size_t>(left.size(), PIPE_BUF));
    if (count > 0) left.remove_prefix(static_cast<std::size_t>(count));
    if (count == 0 || (count < 0 && errno != EINTR && errno != EAGAIN)) break;
  }
  if (left.size() < text.size()) mid_line_ = !left.empty();
  failed_ = left.empty() ? 0 : failed_ + batch.lines;
}

// False when the thread is to end first.
bool LogWriter::wait_writable() {
  if (fd_ < 0) return true;  // poll() would pass over it, and wait
  std::array<pollfd, 2> fds{{{fd_, POLLOUT, 0}, {wake_fd_, POLLIN, 0}}};
  while (::poll(fds.data(), fds.size(), -1) < 0) {
    if (errno != EINTR) return true;  // the write tells what is wrong
  }
  return fds[1].revents == 0 || fds[0].revents != 0;
}

}  // namespace segmentflow::app
