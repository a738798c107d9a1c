#include "core/store/postgres/news.hpp"

#include <spdlog/spdlog.h>

#include <chrono>

namespace segmentflow::postgres {
namespace {

// How long an announcement waits for others to be told with it.
constexpr std::chrono::milliseconds kTellEvery{20};
constexpr std::chrono::milliseconds kAgainAfter{500};

}  // namespace

void News::start(std::function<void()> hook) {
  hook_ = std::move(hook);
  stopping_ = false;
  thread_ = std::thread([this] { run(); });
}

void News::stop() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
}

void News::run() {
  while (!stopping_) {
    try {
      listen();
    } catch (const std::exception& failure) {  // without news others are found by polling
      spdlog::debug("No news from other processes: {}", failure.what());
      std::this_thread::sleep_for(kAgainAfter);
    }
  }
}

void News::listen() {
  const auto connection = connector_.connect();
  connection->listen();
  hook_();  // what was told while nobody listened
  while (!stopping_) {
    if (untold_.exchange(false)) connection->notify();
    if (connection->hears(kTellEvery)) hook_();
  }
}

}  // namespace segmentflow::postgres
