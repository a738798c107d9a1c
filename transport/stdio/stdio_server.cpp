#include "transport/stdio/stdio_server.hpp"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <utility>

namespace transport::stdio {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t read_bytes = 64 << 10;

}  // namespace

StdioServer::StdioServer(std::shared_ptr<const mcp::Server> server,
                         std::shared_ptr<mcp::Provider> provider, StdioOptions options)
    : options_(options),
      outbox_(std::make_shared<Outbox>()),
      connection_(std::move(server), std::move(provider),
                  [outbox = outbox_](const std::string& message) { outbox->put(message); }),
      lines_(connection_.limits().message_bytes_max),
      output_(options.output_fd),
      read_buffer_(read_bytes, '\0') {}

void StdioServer::stop() noexcept {
  stopped_.store(true);
  outbox_->interrupt();
}

StdioEnd StdioServer::run() {
  const NoSigpipe no_sigpipe;
  const StdioEnd end = serve();
  drain();
  return end;
}

StdioEnd StdioServer::serve() {
  while (!stopped_.load()) {
    write_output();
    if (client_gone_) return StdioEnd::ClientGone;
    const bool room = writing_.size() - written_bytes_ <= options_.unread_output_bytes_max;
    if (!wait(room, milliseconds(-1))) continue;
    switch (read_input()) {
      case Input::More:
        break;
      case Input::End:
        return StdioEnd::EndOfInput;
      case Input::Failed:
        return StdioEnd::InputFailed;
    }
  }
  return StdioEnd::Stopped;
}

void StdioServer::drain() {
  const auto deadline = steady_clock::now() + options_.drain_timeout;
  connection_.end_input();
  connection_.when_idle([outbox = outbox_] { outbox->note_idle(); });
  for (;;) {
    // Asked before the outbox is emptied: a call that ends in between has put its answer already.
    const bool idle = outbox_->idle();
    write_output();
    if (idle && writing_.empty()) return;
    const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now());
    if (left <= milliseconds::zero()) return;
    wait(false, left);
  }
}

StdioServer::Input StdioServer::read_input() {
  const auto count = read(options_.input_fd, read_buffer_.data(), read_buffer_.size());
  if (count < 0) {
    return errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK ? Input::More : Input::Failed;
  }
  if (count == 0) {
    if (auto line = lines_.rest()) handle(*line);
    return Input::End;
  }
  lines_.feed({read_buffer_.data(), static_cast<std::size_t>(count)});
  while (auto line = lines_.next()) handle(*line);
  return Input::More;
}

void StdioServer::handle(const LineReader::Line& line) {
  if (line.oversized) {
    connection_.refuse_oversized(line.text);
  } else {
    connection_.handle(line.text);
  }
}

void StdioServer::write_output() {
  writing_.erase(0, std::exchange(written_bytes_, 0));
  outbox_->take(writing_);
  const std::string_view bytes = writing_;
  client_gone_ =
      client_gone_ || output_.write(bytes, written_bytes_) == OutputDescriptor::State::Gone;
  if (client_gone_ || written_bytes_ == writing_.size()) {
    writing_.clear();
    written_bytes_ = 0;
  }
}

bool StdioServer::wait(bool for_input, milliseconds timeout) {
  const bool output_pending = !writing_.empty();
  if (!outbox_->sleep() && !output_pending) return false;
  // A negative descriptor is passed over by poll.
  std::array<pollfd, 3> fds{{{outbox_->wake_fd(), POLLIN, 0},
                             {for_input ? options_.input_fd : -1, POLLIN, 0},
                             {output_pending ? output_.fd() : -1, POLLOUT, 0}}};
  poll(fds.data(), fds.size(), static_cast<int>(timeout.count()));
  outbox_->wake_up();
  if (fds[0].revents != 0) {
    std::uint64_t count = 0;
    // Only clears the counter; an empty one (EAGAIN) is as good.
    [[maybe_unused]] const auto cleared = read(outbox_->wake_fd(), &count, sizeof count);
  }
  return fds[1].revents != 0;
}

}  // namespace transport::stdio
