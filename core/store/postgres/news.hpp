// News between processes: "there is work", over LISTEN and NOTIFY.
#pragma once

#include <atomic>
#include <functional>
#include <thread>

#include "core/store/postgres/connector.hpp"

namespace segmentflow::postgres {

// One thread with a session of its own. NOTIFY takes a lock of the whole server while it commits,
// so announcements of a moment are told in one, outside of the transactions that they are about.
// Thread-safe.
class News {
 public:
  explicit News(Connector& connector) : connector_(connector) {}
  ~News() { stop(); }
  News(const News&) = delete;
  News& operator=(const News&) = delete;

  // From now on announcements are told, and `hook` is called on the thread after another process
  // told one. Not twice without stop() between.
  void start(std::function<void()> hook);
  void stop();

  // Does not block.
  void tell() { untold_ = true; }

 private:
  void run();
  void listen();

  Connector& connector_;
  std::function<void()> hook_;
  std::atomic<bool> untold_{false};
  std::atomic<bool> stopping_{false};
  std::thread thread_;  // last: it uses the rest
};

}  // namespace segmentflow::postgres
