// What the bodies of all requests may take together, shared out as they arrive. Internal to
// transport/http.
#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <unordered_map>

namespace transport::http {

// Thread-safe. Nothing is reserved for what is announced, and no account ever holds more than is
// left free beside it: whoever comes next finds room, and two that want all get a third each.
class BodyBudget {
 public:
  explicit BodyBudget(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  // False when it is too much for this account; then nothing is taken.
  bool take(const std::string& account, std::size_t bytes);
  void give_back(const std::string& account, std::size_t bytes);
  std::size_t taken() const;

 private:
  const std::size_t bytes_max_;
  mutable std::mutex mutex_;
  std::size_t taken_ = 0;                                    // guarded by mutex_
  std::unordered_map<std::string, std::size_t> by_account_;  // guarded by mutex_
};

// A request's part of it, given back at the end of the exchange.
class BodyShare {
 public:
  BodyShare() = default;
  BodyShare(const BodyShare&) = delete;
  BodyShare& operator=(const BodyShare&) = delete;
  ~BodyShare() { give_back(); }

  // To be called before grow_to.
  void belong_to(BodyBudget& budget, std::string account) {
    budget_ = &budget;
    account_ = std::move(account);
  }

  // False when there is no room for so many bytes in all; then it stays as it was.
  bool grow_to(std::size_t bytes) {
    if (bytes <= bytes_) return true;
    if (!budget_->take(account_, bytes - bytes_)) return false;
    bytes_ = bytes;
    return true;
  }

  void give_back() {
    if (bytes_ > 0) budget_->give_back(account_, bytes_);
    bytes_ = 0;
  }

 private:
  BodyBudget* budget_ = nullptr;
  std::string account_;
  std::size_t bytes_ = 0;
};

}  // namespace transport::http
