#include "app/resource_watch.hpp"

#include <spdlog/spdlog.h>

#include <chrono>

#include "mcp/open_questions.hpp"
#include "mcp/resources.hpp"

namespace segmentflow::app {
namespace {

// Nothing is asked while nobody watches.
constexpr std::chrono::milliseconds kLookEvery{500};

}  // namespace

ResourceWatch::ResourceWatch(Runtime& runtime, std::shared_ptr<const mcp::Server> server)
    : runtime_(runtime), server_(std::move(server)), thread_([this] { run(); }) {}

ResourceWatch::~ResourceWatch() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void ResourceWatch::run() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, kLookEvery, [this] { return stopping_; })) {
    lock.unlock();
    try {
      server_->questions->give_up(mcp::Session::Clock::now() - server_->limits.input_lifetime);
      look();
    } catch (const std::exception& defect) {  // must not end the process
      spdlog::error("looking after what clients wait for failed because of a defect: {}",
                    defect.what());
    }
    lock.lock();
  }
}

void ResourceWatch::look() {
  std::map<std::string, Time> now;
  const auto watched = server_->changes->watched();
  for (const auto& operation : runtime_.registry().operations()) {
    if (operation.info.versions == nullptr) continue;
    std::map<Uuid, std::vector<std::string>> addresses;  // an id can be written in several ways
    for (const std::string& uri : watched) {
      const auto id = mcp::variable_in(operation.info.resource, uri);
      const auto uuid = id ? Uuid::parse(*id) : std::nullopt;
      if (uuid) addresses[*uuid].push_back(uri);
    }
    if (addresses.empty()) continue;
    std::vector<Uuid> ids;
    for (const auto& [id, uris] : addresses) ids.push_back(id);
    const auto read = runtime_.database().read([&](Transaction& tx) {
      for (const auto& [id, version] : operation.info.versions(tx, ids)) {
        for (const std::string& uri : addresses.at(id)) now[uri] = version;
      }
    });
    if (!read) return;  // the database is away; what changes meanwhile is told then
  }
  for (const auto& [uri, version] : now) {
    // At first sight it is told too: it may have changed since the client has read it.
    const auto before = seen_.find(uri);
    if (before != seen_.end() && before->second == version) continue;
    server_->changes->tell({mcp::Change::Of::Resource, uri, {}});
  }
  seen_ = std::move(now);
}

}  // namespace segmentflow::app
