// Connects to the first of a host's addresses that answers (RFC 8305, "Happy Eyeballs").
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace boost::asio {
class io_context;
}

namespace transport::smtp {

// Further addresses of one host are not tried.
inline constexpr std::size_t kAddressesMax = 32;

using Endpoints = std::vector<boost::asio::ip::tcp::endpoint>;

// The order in which to try them: the preferred one first ("" = none), then the families in turn,
// beginning with that of the first (§4).
Endpoints in_dialing_order(const Endpoints& found, const std::string& preferred);

// Each address gets a head start of `stagger` before the next one is tried beside it, and none when
// it fails at once (§5). Used on the loop's thread only.
class Dialer : public std::enable_shared_from_this<Dialer> {
 public:
  // `addresses` is not empty.
  Dialer(boost::asio::io_context& loop, Endpoints addresses, std::chrono::milliseconds stagger);

  // The socket of the one that answered first; nullopt when all failed, or after cancel().
  boost::asio::awaitable<std::optional<boost::asio::ip::tcp::socket>> run();
  void cancel();
  // When all have failed, follows the name of the peer: "refused the connection", "could not be
  // reached (192.0.2.1: No route to host; ...)".
  std::string failure() const;

 private:
  struct Attempt {
    boost::asio::ip::tcp::endpoint address;
    boost::asio::ip::tcp::socket socket;
    boost::system::error_code error;
  };

  void start_next();
  void answered(std::size_t at, const boost::system::error_code& error);
  void end();

  std::vector<Attempt> attempts_;
  const std::chrono::milliseconds stagger_;
  boost::asio::steady_timer next_one_;
  boost::asio::steady_timer ended_;
  std::size_t started_ = 0;
  std::size_t failed_ = 0;
  std::optional<std::size_t> winner_;
  bool over_ = false;
};

}  // namespace transport::smtp
