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

    bool is_open() const { return connection_ != nullptr; }
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
    {
      std::unique_lock lock(mutex_);
      const auto is_free = [this] { return !free_.empty() || places_taken_ < connections_max_; };
      if (!changed_.wait_for(lock, kFreeWaitMax, is_free)) {
        throw StoreUnavailable("all connections to the database are busy");
      }
      if (!free_.empty()) return take_free();
      ++places_taken_;
    }
    try {
      return open();
    } catch (const StoreUnavailable&) {
      leave_place();
      if (auto returned = wait_for_return()) return returned;
      throw;
    } catch (...) {
      leave_place();
      throw;
    }
  }

  std::unique_ptr<Connection> open() {
    auto connection = make_();
    const std::lock_guard lock(mutex_);
    ++open_;
    return connection;
  }

  std::unique_ptr<Connection> take_free() {
    auto connection = std::move(free_.back());
    free_.pop_back();
    return connection;
  }

  // Where the server takes no more connections, one that is on loan has to do; nullptr when none
  // comes back.
  std::unique_ptr<Connection> wait_for_return() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kFreeWaitMax, [this] { return !free_.empty() || open_ == 0; });
    return free_.empty() ? nullptr : take_free();
  }

  void leave_place() {
    {
      const std::lock_guard lock(mutex_);
      --places_taken_;
    }
    changed_.notify_all();
  }

  // A null pointer stands for a connection that was closed.
  void give_back(std::unique_ptr<Connection> connection) {
    {
      const std::lock_guard lock(mutex_);
      if (connection == nullptr) {
        --places_taken_;
        --open_;
      } else {
        free_.push_back(std::move(connection));
      }
    }
    changed_.notify_all();
  }

  const int connections_max_;
  const Make make_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::unique_ptr<Connection>> free_;
  int places_taken_ = 0;  // open connections, and those that are being opened
  int open_ = 0;          // free or on loan
};

}  // namespace segmentflow
