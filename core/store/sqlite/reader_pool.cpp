#include "core/store/sqlite/reader_pool.hpp"

namespace segmentflow::sqlite {
namespace {
constexpr std::chrono::seconds kFreeWaitMax{10};
}  // namespace

ReaderPool::ReaderPool(FileName file, int connections_max, const Clock& clock)
    : file_(std::move(file)), connections_max_(connections_max), clock_(clock) {}

std::unique_ptr<Connection> ReaderPool::take() {
  std::unique_lock lock(mutex_);
  const auto is_free = [this] { return !free_.empty() || opened_ < connections_max_; };
  if (!freed_.wait_for(lock, kFreeWaitMax, is_free)) {
    throw StoreUnavailable("all read connections are busy");
  }
  if (!free_.empty()) {
    auto connection = std::move(free_.back());
    free_.pop_back();
    return connection;
  }
  ++opened_;
  lock.unlock();
  try {
    return std::make_unique<Connection>(file_, Access::ReadOnly);
  } catch (...) {
    give_back(nullptr);
    throw;
  }
}

// A null pointer stands for a connection that is closed instead.
void ReaderPool::give_back(std::unique_ptr<Connection> connection) {
  {
    const std::lock_guard lock(mutex_);
    if (connection == nullptr) {
      --opened_;
    } else {
      free_.push_back(std::move(connection));
    }
  }
  freed_.notify_one();
}

SqliteTransaction* ReaderPool::open_on_this_thread() {
  const std::lock_guard lock(mutex_);
  const auto found = open_.find(std::this_thread::get_id());
  return found == open_.end() ? nullptr : found->second;
}

void ReaderPool::set_open_on_this_thread(SqliteTransaction* tx) {
  const std::lock_guard lock(mutex_);
  if (tx == nullptr) {
    open_.erase(std::this_thread::get_id());
  } else {
    open_[std::this_thread::get_id()] = tx;
  }
}

void ReaderPool::run(const std::function<void(Transaction&)>& work) {
  if (SqliteTransaction* outer = open_on_this_thread(); outer != nullptr) {
    work(*outer);
    return;
  }
  auto connection = take();
  try {
    connection->begin_read();
    SqliteTransaction tx(*connection, clock_);
    set_open_on_this_thread(&tx);
    work(tx);
  } catch (...) {
    set_open_on_this_thread(nullptr);
    connection->rollback();
    give_back(std::move(connection));
    throw;
  }
  set_open_on_this_thread(nullptr);
  connection->rollback();
  give_back(std::move(connection));
}

}  // namespace segmentflow::sqlite
