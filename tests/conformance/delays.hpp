// Work that is to be done later, on a thread of its own.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <thread>

namespace conformance {

class Delays {
 public:
  Delays() : work_(context_.get_executor()), thread_([this] { context_.run(); }) {}
  ~Delays() {
    context_.stop();
    thread_.join();
  }
  Delays(const Delays&) = delete;
  Delays& operator=(const Delays&) = delete;

  void after(std::chrono::milliseconds delay, std::function<void()> work) {
    auto timer = std::make_shared<boost::asio::steady_timer>(context_, delay);
    timer->async_wait([timer, work = std::move(work)](boost::system::error_code) { work(); });
  }

 private:
  boost::asio::io_context context_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::thread thread_;
};

}  // namespace conformance
