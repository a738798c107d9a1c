#include "transport/smtp/dot_gate.hpp"

#include <boost/asio/dispatch.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace transport::smtp {

namespace asio = boost::asio;

DotGate::DotGate(std::shared_ptr<asio::io_context> loop) : loop_(loop), timer_(*loop) {}

// The handle owns neither gate nor loop: a gate's timer must not outlive the loop, and the loop
// must not be kept alive by a handler that waits inside it.
std::function<void(bool)> DotGate::handle() {
  return [weak_loop = loop_, weak_gate = weak_from_this()](bool go) {
    const auto loop = weak_loop.lock();
    if (!loop) return;
    asio::dispatch(*loop, [weak_gate, go] {
      const auto gate = weak_gate.lock();
      if (gate) gate->answer(go);
    });
  };
}

void DotGate::answer(bool go) {
  if (answer_) return;
  answer_ = go;
  timer_.cancel();
}

asio::awaitable<bool> DotGate::wait(std::chrono::milliseconds patience) {
  if (!answer_) {
    timer_.expires_after(patience);
    boost::system::error_code cancelled;  // both ends of the wait are told apart by answer_
    co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
  }
  co_return answer_.value_or(false);
}

}  // namespace transport::smtp
