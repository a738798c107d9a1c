// Looks after what MCP clients wait for: whether the resources that they watch have changed, on
// whatever node, and whether they were asked something too long ago.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "app/runtime.hpp"
#include "mcp/server.hpp"

namespace segmentflow::app {

class ResourceWatch {
 public:
  // `runtime` must outlive it.
  ResourceWatch(Runtime& runtime, std::shared_ptr<const mcp::Server> server);
  ~ResourceWatch();
  ResourceWatch(const ResourceWatch&) = delete;
  ResourceWatch& operator=(const ResourceWatch&) = delete;

 private:
  void run();
  void look();

  Runtime& runtime_;
  const std::shared_ptr<const mcp::Server> server_;
  std::map<std::string, Time> seen_;  // by address; used on the thread only
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;  // last: it uses the rest
};

}  // namespace segmentflow::app
