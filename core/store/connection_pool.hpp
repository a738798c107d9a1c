// Connections to a database, opened as needed and lent to one thread at a time.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "core/store/database.hpp"

namespace segmentflow {

// Thread-safe.
template <class Connection>
class ConnectionPool {
 public:
  // Throws StoreUnavailable when no connection can be made.
  using Make = std::function<std::unique_ptr<Connection>()>;

  ConnectionPool(int connections_max, Make make)
      : connections_max_(connections_max), make_(std::move(make)) {}

  // A connection on loan; it goes back at the end of its scope.
  class Lent {
   public:
    explicit Lent(ConnectionPool& pool) : pool_(pool), connection_(pool.take()) {}
    ~Lent() { pool_.give_back(std::move(connection_)); }
    Lent(const Lent&) = delete;
    Lent& operator=(const Lent&) = delete;

    Connection& operator*() { return *connection_; }
    Connection* operator->() { return connection_.get(); }
    // Closes the connection; the next borrower gets a new one. Not to be used after that, unless
    // renewed.
    void discard() { connection_ = nullptr; }
    // Replaces the connection by a new one. Throws as Make does; then as after discard().
    void renew() {
      discard();
      connection_ = pool_.make_();
    }

   private:
    ConnectionPool& pool_;
    std::unique_ptr<Connection> connection_;
  };

  // Throws StoreUnavailable when none comes free in time.
  Lent lend() { return Lent(*this); }

 private:
  static constexpr std::chrono::seconds kFreeWaitMax{10};

  std::unique_ptr<Connection> take() {
    std::unique_lock lock(mutex_);
    const auto is_free = [this] { return !free_.empty() || opened_ < connections_max_; };
    if (!freed_.wait_for(lock, kFreeWaitMax, is_free)) {
      throw StoreUnavailable("all connections to the database are busy");
    }
    if (!free_.empty()) {
      auto connection = std::move(free_.back());
      free_.pop_back();
      return connection;
    }
    ++opened_;
    lock.unlock();
    try {
      return make_();
    } catch (...) {
      give_back(nullptr);
      throw;
    }
  }

  // A null pointer stands for a connection that was closed.
  void give_back(std::unique_ptr<Connection> connection) {
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

  const int connections_max_;
  const Make make_;
  std::mutex mutex_;
  std::condition_variable freed_;
  std::vector<std::unique_ptr<Connection>> free_;
  int opened_ = 0;
};

}  // namespace segmentflow
