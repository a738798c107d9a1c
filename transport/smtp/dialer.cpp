#include "transport/smtp/dialer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace transport::smtp {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {
constexpr std::size_t kFailuresTold = 4;
}

Endpoints in_dialing_order(const Endpoints& found, const std::string& preferred) {
  Endpoints same_family;
  Endpoints other_family;
  Endpoints ordered;
  for (const auto& address : found) {
    if (ordered.empty() && address.address().to_string() == preferred) {
      ordered.push_back(address);
    } else if (address.protocol() == found.front().protocol()) {
      same_family.push_back(address);
    } else {
      other_family.push_back(address);
    }
  }
  for (std::size_t i = 0; i < std::max(same_family.size(), other_family.size()); ++i) {
    if (i < same_family.size()) ordered.push_back(same_family[i]);
    if (i < other_family.size()) ordered.push_back(other_family[i]);
  }
  if (ordered.size() > kAddressesMax) ordered.resize(kAddressesMax);
  return ordered;
}

Dialer::Dialer(asio::io_context& loop, Endpoints addresses, std::chrono::milliseconds stagger)
    : stagger_(stagger), next_one_(loop), ended_(loop) {
  attempts_.reserve(addresses.size());
  for (auto& address : addresses) attempts_.push_back({std::move(address), tcp::socket(loop), {}});
}

asio::awaitable<std::optional<tcp::socket>> Dialer::run() {
  ended_.expires_at(std::chrono::steady_clock::time_point::max());
  start_next();
  if (!over_) {
    error_code cancelled;  // that is how the end is told
    co_await ended_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
  }
  if (!winner_) co_return std::nullopt;
  co_return std::move(attempts_[*winner_].socket);
}

void Dialer::cancel() {
  if (!over_) end();
}

void Dialer::start_next() {
  if (over_ || started_ == attempts_.size()) return;
  const std::size_t at = started_++;
  attempts_[at].socket.async_connect(
      attempts_[at].address,
      [self = shared_from_this(), at](const error_code& error) { self->answered(at, error); });
  if (started_ == attempts_.size()) return;
  next_one_.expires_after(stagger_);
  next_one_.async_wait([self = shared_from_this()](const error_code& error) {
    if (!error) self->start_next();
  });
}

void Dialer::answered(std::size_t at, const error_code& error) {
  if (over_) return;
  if (!error) {
    winner_ = at;
    end();
    return;
  }
  attempts_[at].error = error;
  if (++failed_ == attempts_.size()) return end();
  start_next();
}

void Dialer::end() {
  over_ = true;
  for (std::size_t i = 0; i < attempts_.size(); ++i) {
    error_code ignored;  // a socket that is already gone is as closed as can be
    if (i != winner_) attempts_[i].socket.close(ignored);
  }
  next_one_.cancel();
  ended_.cancel();
}

std::string Dialer::failure() const {
  const bool all_refused = std::all_of(
      attempts_.begin(), attempts_.end(),
      [](const Attempt& attempt) { return attempt.error == asio::error::connection_refused; });
  if (all_refused) return "refused the connection";
  if (attempts_.size() == 1) {
    return fmt::format("could not be reached ({})", attempts_.front().error.message());
  }
  std::string told;
  for (std::size_t i = 0; i < std::min(attempts_.size(), kFailuresTold); ++i) {
    told += fmt::format("{}{}: {}", i == 0 ? "" : "; ", attempts_[i].address.address().to_string(),
                        attempts_[i].error.message());
  }
  return fmt::format("could not be reached ({})", told);
}

}  // namespace transport::smtp
