#include "transport/smtp/connection.hpp"

#include <fmt/format.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>

namespace transport::smtp {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using std::chrono::milliseconds;
using SteadyTime = std::chrono::steady_clock::time_point;

namespace {
constexpr std::size_t kWriteBlockBytes = 256 << 10;
constexpr std::size_t kReadBytes = 4 << 10;
}  // namespace

// The deadline is a field that each step moves; one timer follows it lazily, because re-arming a
// timer for each of a message's steps would cost as much as the steps.
struct Connection::Streams {
  explicit Streams(asio::io_context& loop) : resolver(loop), socket(loop), timer(loop) {}

  tcp::resolver resolver;
  tcp::socket socket;
  std::optional<asio::ssl::stream<tcp::socket&>> tls;
  asio::steady_timer timer;
  SteadyTime deadline = SteadyTime::max();
  bool timer_armed = false;
  bool closed = false;
  bool loopback = false;
  std::string input;  // received, not yet taken
  std::array<char, kReadBytes> chunk{};
  std::string failure;

  void fail(std::string words) {
    if (failure.empty()) failure = std::move(words);
  }
  void fail(const error_code& error);
  void close();
  static void expect_within(const std::shared_ptr<Streams>& self, milliseconds timeout);
  static void arm(const std::shared_ptr<Streams>& self);
  static void on_timer(const std::shared_ptr<Streams>& self);
};

void Connection::Streams::fail(const error_code& error) {
  if (error == asio::error::eof || error == asio::ssl::error::stream_truncated) {
    fail("closed the connection");
  } else {
    fail(fmt::format("broke the connection off ({})", error.message()));
  }
}

void Connection::Streams::close() {
  if (closed) return;
  closed = true;
  deadline = SteadyTime::max();
  timer.cancel();
  resolver.cancel();
  error_code ignored;  // a socket that is already gone is as closed as can be
  socket.close(ignored);
}

void Connection::Streams::expect_within(const std::shared_ptr<Streams>& self,
                                        milliseconds timeout) {
  if (self->closed) return;
  self->deadline = std::chrono::steady_clock::now() + timeout;
  if (!self->timer_armed || self->deadline < self->timer.expiry()) arm(self);
}

void Connection::Streams::arm(const std::shared_ptr<Streams>& self) {
  self->timer_armed = true;
  self->timer.expires_at(self->deadline);
  self->timer.async_wait([weak = std::weak_ptr<Streams>(self)](const error_code& error) {
    const auto streams = weak.lock();
    if (!error && streams) on_timer(streams);
  });
}

void Connection::Streams::on_timer(const std::shared_ptr<Streams>& self) {
  self->timer_armed = false;
  if (self->closed || self->deadline == SteadyTime::max()) return;
  if (std::chrono::steady_clock::now() < self->deadline) return arm(self);
  self->fail("did not answer in time");
  self->close();
}

Connection::Connection(asio::io_context& loop) : streams_(std::make_shared<Streams>(loop)) {}

Connection::~Connection() {
  streams_->close();
}

void Connection::close(std::string_view why) {
  streams_->fail(std::string(why));
  streams_->close();
}

bool Connection::secure() const {
  return streams_->tls.has_value();
}
bool Connection::to_loopback() const {
  return streams_->loopback;
}
const std::string& Connection::failure() const {
  return streams_->failure;
}

asio::awaitable<bool> Connection::connect(std::string host, std::uint16_t port,
                                          milliseconds timeout) {
  Streams& streams = *streams_;
  Streams::expect_within(streams_, timeout);
  error_code error;
  tcp::endpoint endpoint(asio::ip::make_address(host, error), port);
  if (error) {
    error = {};
    const std::string service = std::to_string(port);
    const auto found = co_await streams.resolver.async_resolve(
        host, service, asio::redirect_error(asio::use_awaitable, error));
    if (error || streams.closed) {
      streams.fail(fmt::format("could not be looked up ({})", error.message()));
      co_return false;
    }
    endpoint = co_await asio::async_connect(streams.socket, found,
                                            asio::redirect_error(asio::use_awaitable, error));
  } else {
    co_await streams.socket.async_connect(endpoint,
                                          asio::redirect_error(asio::use_awaitable, error));
  }
  if (error || streams.closed) {
    streams.fail(fmt::format("could not be reached ({})", error.message()));
    co_return false;
  }
  streams.loopback = endpoint.address().is_loopback();
  streams.socket.set_option(tcp::no_delay(true), error);
  streams.deadline = SteadyTime::max();
  co_return true;
}

asio::awaitable<bool> Connection::start_tls(asio::ssl::context& context, std::string host,
                                            bool verify, milliseconds timeout) {
  Streams& streams = *streams_;
  Streams::expect_within(streams_, timeout);
  streams.input.clear();
  streams.tls.emplace(streams.socket, context);
  error_code error;
  asio::ip::make_address(host, error);
  if (error) SSL_set_tlsext_host_name(streams.tls->native_handle(), host.c_str());
  streams.tls->set_verify_mode(verify ? asio::ssl::verify_peer : asio::ssl::verify_none);
  if (verify) streams.tls->set_verify_callback(asio::ssl::host_name_verification(host));
  error = {};
  co_await streams.tls->async_handshake(asio::ssl::stream_base::client,
                                        asio::redirect_error(asio::use_awaitable, error));
  if (error || streams.closed) {
    const long verdict = SSL_get_verify_result(streams.tls->native_handle());
    const bool distrusted = verify && verdict != X509_V_OK;
    streams.fail(fmt::format("failed at TLS ({})", distrusted
                                                       ? X509_verify_cert_error_string(verdict)
                                                       : error.message()));
    co_return false;
  }
  streams.deadline = SteadyTime::max();
  co_return true;
}

asio::awaitable<bool> Connection::write(std::string_view bytes, milliseconds block_timeout) {
  Streams& streams = *streams_;
  while (!bytes.empty() && !streams.closed) {
    Streams::expect_within(streams_, block_timeout);
    const auto block = asio::buffer(bytes.data(), std::min(bytes.size(), kWriteBlockBytes));
    error_code error;
    std::size_t written = 0;
    if (streams.tls) {
      written = co_await asio::async_write(*streams.tls, block,
                                           asio::redirect_error(asio::use_awaitable, error));
    } else {
      written = co_await asio::async_write(streams.socket, block,
                                           asio::redirect_error(asio::use_awaitable, error));
    }
    if (error) {
      streams.fail(error);
      co_return false;
    }
    bytes.remove_prefix(written);
  }
  streams.deadline = SteadyTime::max();
  co_return !streams.closed;
}

asio::awaitable<std::optional<Reply>> Connection::read_reply(milliseconds timeout) {
  Streams& streams = *streams_;
  Streams::expect_within(streams_, timeout);
  while (!streams.closed) {
    ParsedReply parsed = parse_reply(streams.input);
    if (parsed.status == ParsedReply::Status::Complete) {
      streams.input.erase(0, parsed.consumed);
      streams.deadline = SteadyTime::max();
      co_return std::move(parsed.reply);
    }
    if (parsed.status == ParsedReply::Status::Malformed) {
      close(fmt::format("sent something that is not an SMTP reply ({})", parsed.problem));
      break;
    }
    const auto space = asio::buffer(streams.chunk);
    error_code error;
    std::size_t received = 0;
    if (streams.tls) {
      received = co_await streams.tls->async_read_some(
          space, asio::redirect_error(asio::use_awaitable, error));
    } else {
      received = co_await streams.socket.async_read_some(
          space, asio::redirect_error(asio::use_awaitable, error));
    }
    if (error) {
      streams.fail(error);
      break;
    }
    streams.input.append(streams.chunk.data(), received);
  }
  co_return std::nullopt;
}

Connection::Pending Connection::pending() {
  Streams& streams = *streams_;
  if (streams.closed) return Pending::Closed;
  if (!streams.input.empty()) return Pending::Bytes;
  char byte = 0;
  const auto count =
      ::recv(streams.socket.native_handle(), &byte, sizeof byte, MSG_PEEK | MSG_DONTWAIT);
  if (count > 0) return streams.tls ? Pending::Nothing : Pending::Bytes;
  if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
    return Pending::Nothing;
  }
  streams.fail("closed the connection");
  return Pending::Closed;
}

}  // namespace transport::smtp
