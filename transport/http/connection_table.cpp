#include "transport/http/connection_table.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>

namespace transport::http {
namespace {

// Connections that are told to close and have not yet; with more of them none is let in.
constexpr std::size_t kEvictedMax = 256;
constexpr std::size_t kNetworkBytes = 8;

}  // namespace

std::string network_of(const std::string& address) {
  boost::system::error_code ec;
  const auto parsed = boost::asio::ip::make_address(address, ec);
  if (ec || !parsed.is_v6() || parsed.to_v6().is_v4_mapped()) return address;
  auto bytes = parsed.to_v6().to_bytes();
  std::fill(bytes.begin() + kNetworkBytes, bytes.end(), 0);
  return boost::asio::ip::address_v6(bytes).to_string();
}

std::unique_ptr<ConnectionTable::Place> ConnectionTable::enter(const std::string& address,
                                                               std::function<void()> evict) {
  std::function<void()> evict_other;
  Connections::iterator at;
  {
    const std::lock_guard lock(mutex_);
    if (places_taken_ >= connections_max_) {
      Connections* from = evicted_.size() < kEvictedMax ? victims() : nullptr;
      if (from == nullptr) return nullptr;
      evict_other = std::move(from->front().evict);
      move(from->begin(), evicted_);
      --places_taken_;
    }
    ++places_taken_;
    std::string network = network_of(address);
    Connections& own = strangers_[network];
    note_strangers(network, own.size(), own.size() + 1);
    own.push_back({std::move(network), std::move(evict), &own});
    at = std::prev(own.end());
  }
  if (evict_other) evict_other();
  return std::make_unique<Place>(*this, at);
}

// The list whose first connection is to go; nullptr for none.
ConnectionTable::Connections* ConnectionTable::victims() {
  if (!strangers_of_.empty()) return &strangers_.at(strangers_of_.rbegin()->second);
  return idle_.empty() ? nullptr : &idle_;
}

void ConnectionTable::note_strangers(const std::string& network, std::size_t before,
                                     std::size_t after) {
  if (before > 0) strangers_of_.erase({before, network});
  if (after > 0) strangers_of_.insert({after, network});
}

void ConnectionTable::move(Connections::iterator at, Connections& to) {
  Connections& from = *at->in;
  const bool is_stranger = &from != &idle_ && &from != &at_work_ && &from != &evicted_;
  if (is_stranger && &from != &to) note_strangers(at->network, from.size(), from.size() - 1);
  to.splice(to.end(), from, at);
  at->in = &to;
  if (is_stranger && from.empty()) strangers_.erase(at->network);
}

void ConnectionTable::leave(Connections::iterator at) {
  const std::lock_guard lock(mutex_);
  if (at->in != &evicted_) {
    --places_taken_;
    move(at, evicted_);
  }
  evicted_.erase(at);
}

void ConnectionTable::known(Connections::iterator at) {
  const std::lock_guard lock(mutex_);
  if (at->in != &evicted_ && at->in != &at_work_) move(at, at_work_);
}

void ConnectionTable::at_work(Connections::iterator at) {
  const std::lock_guard lock(mutex_);
  if (at->in == &idle_) move(at, at_work_);
}

void ConnectionTable::idle(Connections::iterator at) {
  const std::lock_guard lock(mutex_);
  if (at->in == &evicted_) return;
  move(at, at->in == &at_work_ ? idle_ : *at->in);
}

}  // namespace transport::http
