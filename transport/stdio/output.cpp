#include "transport/stdio/output.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <ctime>
#include <system_error>
#include <utility>

namespace transport::stdio {

Outbox::Outbox() : wake_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (wake_fd_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

Outbox::~Outbox() {
  close(wake_fd_);
}

void Outbox::put(std::string_view message) {
  bool sleeping;
  {
    std::lock_guard lock(mutex_);
    lines_ += message;
    lines_ += '\n';
    sleeping = std::exchange(sleeping_, false);
  }
  wake(sleeping);
}

void Outbox::note_idle() {
  bool sleeping;
  {
    std::lock_guard lock(mutex_);
    idle_ = true;
    sleeping = std::exchange(sleeping_, false);
  }
  wake(sleeping);
}

bool Outbox::idle() {
  std::lock_guard lock(mutex_);
  return idle_;
}

void Outbox::interrupt() noexcept {
  wake(true);
}

void Outbox::wake(bool sleeping) noexcept {
  if (!sleeping) return;
  const int errno_before = errno;
  const std::uint64_t one = 1;
  // It can only fail when the counter is at its end, and then the owner is woken already.
  [[maybe_unused]] const auto written = ::write(wake_fd_, &one, sizeof one);
  errno = errno_before;
}

void Outbox::take(std::string& out) {
  std::lock_guard lock(mutex_);
  if (out.empty()) {
    out.swap(lines_);
    return;
  }
  out += lines_;
  lines_.clear();
}

bool Outbox::sleep() {
  std::lock_guard lock(mutex_);
  if (!lines_.empty()) return false;
  sleeping_ = true;
  return true;
}

void Outbox::wake_up() {
  std::lock_guard lock(mutex_);
  sleeping_ = false;
}

OutputDescriptor::OutputDescriptor(int fd) : fd_(fd), kind_(Kind::Other) {
  struct stat status{};
  if (fstat(fd, &status) != 0) return;  // the first write tells what is wrong
  if (S_ISSOCK(status.st_mode)) kind_ = Kind::Socket;
  if (!S_ISFIFO(status.st_mode)) return;
  flags_before_ = fcntl(fd, F_GETFL);
  if (flags_before_ >= 0 && fcntl(fd, F_SETFL, flags_before_ | O_NONBLOCK) == 0) {
    kind_ = Kind::Pipe;
  }
}

OutputDescriptor::~OutputDescriptor() {
  if (kind_ == Kind::Pipe) fcntl(fd_, F_SETFL, flags_before_);
}

OutputDescriptor::State OutputDescriptor::write(std::string_view bytes, std::size_t& written) {
  while (!bytes.empty()) {
    const auto count = kind_ == Kind::Socket
                           ? send(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL)
                           : ::write(fd_, bytes.data(), bytes.size());
    if (count < 0) {
      if (errno == EINTR) continue;
      return errno == EAGAIN || errno == EWOULDBLOCK ? State::Full : State::Gone;
    }
    written += static_cast<std::size_t>(count);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return State::Done;
}

NoSigpipe::NoSigpipe() {
  sigset_t mask;
  sigset_t before;
  sigemptyset(&mask);
  sigaddset(&mask, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &mask, &before);
  blocked_before_ = sigismember(&before, SIGPIPE) == 1;
}

NoSigpipe::~NoSigpipe() {
  if (blocked_before_) return;
  sigset_t mask;
  sigemptyset(&mask);
  sigaddset(&mask, SIGPIPE);
  const timespec now{};
  // One that our writes left pending must not fire when it is let through again.
  while (sigtimedwait(&mask, nullptr, &now) == SIGPIPE) {
  }
  pthread_sigmask(SIG_UNBLOCK, &mask, nullptr);
}

}  // namespace transport::stdio
