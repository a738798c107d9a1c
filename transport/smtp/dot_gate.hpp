// Where a dialogue waits for the caller's permission to write the final dot.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>

namespace transport::smtp {

class DotGate : public std::enable_shared_from_this<DotGate> {
 public:
  explicit DotGate(std::shared_ptr<boost::asio::io_context> loop);

  // The `go` for the caller: callable from any thread, also after gate and loop are gone.
  std::function<void(bool)> handle();
  // On the loop's thread. The first answer counts.
  void answer(bool go);
  // The answer; false when none came in time.
  boost::asio::awaitable<bool> wait(std::chrono::milliseconds patience);

 private:
  std::weak_ptr<boost::asio::io_context> loop_;
  boost::asio::steady_timer timer_;
  std::optional<bool> answer_;
};

}  // namespace transport::smtp
