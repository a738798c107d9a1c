#include "transport/http/body_budget.hpp"

namespace transport::http {

bool BodyBudget::take(const std::string& account, std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  if (bytes > bytes_max_ - taken_) return false;
  std::size_t& own = by_account_[account];
  const std::size_t free = bytes_max_ - taken_ - bytes;
  if (own + bytes > free) {
    if (own == 0) by_account_.erase(account);
    return false;
  }
  own += bytes;
  taken_ += bytes;
  return true;
}

void BodyBudget::give_back(const std::string& account, std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  taken_ -= bytes;
  const auto found = by_account_.find(account);
  found->second -= bytes;
  if (found->second == 0) by_account_.erase(found);
}

std::size_t BodyBudget::taken() const {
  const std::lock_guard lock(mutex_);
  return taken_;
}

}  // namespace transport::http
