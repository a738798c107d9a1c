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

  // To the first address of `host` that answers, `preferred` ("" = none) before the others;
  // `timeout` is for the look-up and all of them, `stagger` the head start of each.
  boost::asio::awaitable<bool> connect(std::string host, std::uint16_t port, std::string preferred,
                                       std::chrono::milliseconds stagger,
                                       std::chrono::milliseconds timeout);
  // Forgets input that came in plain text (RFC 3207 §4.2), then speaks TLS. With `verify` the
  // certificate must be that of `host`, and vouched for by `ca_file` ("" = the system), which the
  // context holds.
  boost::asio::awaitable<bool> start_tls(boost::asio::ssl::context& context, std::string host,
                                         bool verify, std::string ca_file,
                                         std::chrono::milliseconds timeout);
  // `block_timeout` is for each piece of at most 256 KiB. The bytes must live until the end.
  boost::asio::awaitable<bool> write(std::string_view bytes,
                                     std::chrono::milliseconds block_timeout);
  // nullopt when the connection broke or what came is no reply. A reply whose code has come is one
  // whatever follows: where its end is not read, it is cut and the connection is closed.
  boost::asio::awaitable<std::optional<Reply>> read_reply(std::chrono::milliseconds timeout);

  // What the peer did while nobody asked it; does not wait. Under TLS only Closed is recognised.
  enum class Pending { Nothing, Bytes, Closed };
  Pending pending();

  // From now on no step takes longer than until then; time_point::max() lifts it.
  void limit(std::chrono::steady_clock::time_point until);

  // Ends whatever is under way with a failure in these words. Idempotent.
  void close(std::string_view why);
  bool open() const;
  bool secure() const;
  bool to_loopback() const;
  std::string peer_address() const;  // "192.0.2.7"
  // Of our end, as EHLO takes it in place of a name: "[192.0.2.7]", "[IPv6:2001:db8::1]" (RFC 5321
  // §4.1.3).
  std::string local_literal() const;

  // What keeps TLS from coming about, beside failure().
  enum class TlsTrouble { None, Distrusted, NotTls };
  TlsTrouble tls_trouble() const;
  // Follows the name of the peer: "closed the connection", "did not answer within 300 s".
  const std::string& failure() const;

 private:
  struct Streams;
  std::shared_ptr<Streams> streams_;  // shared with the deadline's timer handler
};

}  // namespace transport::smtp
