// One connection to an SMTP server: bytes, TLS and deadlines. Network failures are values here; the
// words for the last one are in failure(). Used on the loop's thread only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "transport/smtp/reply.hpp"

namespace boost::asio {
class io_context;
namespace ssl {
class context;
}
}  // namespace boost::asio

namespace transport::smtp {

class Connection {
 public:
  explicit Connection(boost::asio::io_context& loop);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Each gives false when it failed. A time-out closes the connection.
  boost::asio::awaitable<bool> connect(std::string host, std::uint16_t port,
                                       std::chrono::milliseconds timeout);
  // Forgets input that came in plain text (RFC 3207 §4.2), then speaks TLS. With `verify` the
  // certificate must be trusted and be that of `host`.
  boost::asio::awaitable<bool> start_tls(boost::asio::ssl::context& context, std::string host,
                                         bool verify, std::chrono::milliseconds timeout);
  // `block_timeout` is for each piece of at most 256 KiB. The bytes must live until the end.
  boost::asio::awaitable<bool> write(std::string_view bytes,
                                     std::chrono::milliseconds block_timeout);
  // nullopt when the connection broke or what came is no reply.
  boost::asio::awaitable<std::optional<Reply>> read_reply(std::chrono::milliseconds timeout);

  // What the peer did while nobody asked it; does not wait. Under TLS only Closed is recognised.
  enum class Pending { Nothing, Bytes, Closed };
  Pending pending();

  // Ends whatever is under way with a failure in these words. Idempotent.
  void close(std::string_view why);
  bool secure() const;
  bool to_loopback() const;
  // Follows the name of the peer: "closed the connection", "did not answer within 300 s".
  const std::string& failure() const;

 private:
  struct Streams;
  std::shared_ptr<Streams> streams_;  // shared with the deadline's timer handler
};

}  // namespace transport::smtp
