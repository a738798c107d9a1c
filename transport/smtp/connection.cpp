#include "transport/smtp/connection.hpp"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>

#include "transport/smtp/certificate.hpp"
#include "transport/smtp/dialer.hpp"

namespace transport::smtp {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using std::chrono::milliseconds;
using SteadyTime = std::chrono::steady_clock::time_point;

namespace {
constexpr std::size_t kWriteBlockBytes = 256 << 10;
constexpr std::size_t kReadBytes = 4 << 10;
constexpr std::string_view kTimeOut = "did not answer in time";
constexpr std::string_view kConnectTimeOut = "could not be reached in time";

// Whether the peer's bytes were those of no TLS.
bool is_not_tls(const error_code& error) {
  if (error.category() != asio::error::get_ssl_category()) return false;
  const int reason = ERR_GET_REASON(static_cast<unsigned long>(error.value()));
  return reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_HTTP_REQUEST ||
         reason == SSL_R_PACKET_LENGTH_TOO_LONG || reason == SSL_R_UNEXPECTED_MESSAGE;
}
}  // namespace

// The deadline is a field that each step moves; one timer follows it lazily, because re-arming a
// timer for each of a message's steps would cost as much as the steps.
struct Connection::Streams {
  explicit Streams(asio::io_context& the_loop)
      : loop(the_loop), resolver(the_loop), socket(the_loop), timer(the_loop) {}

  asio::io_context& loop;
  tcp::resolver resolver;
  std::shared_ptr<Dialer> dialer;  // shared with the handlers of its sockets
  tcp::socket socket;
  std::optional<asio::ssl::stream<tcp::socket&>> tls;
  asio::steady_timer timer;
  SteadyTime deadline = SteadyTime::max();
  SteadyTime limit = SteadyTime::max();
  std::string_view time_out = kTimeOut;
  TlsTrouble tls_trouble = TlsTrouble::None;
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
  void verify(const std::string& host, std::string ca_file);
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
  if (dialer) dialer->cancel();
  error_code ignored;  // a socket that is already gone is as closed as can be
  socket.close(ignored);
}

void Connection::Streams::expect_within(const std::shared_ptr<Streams>& self,
                                        milliseconds timeout) {
  if (self->closed) return;
  self->deadline = std::min(std::chrono::steady_clock::now() + timeout, self->limit);
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
  self->fail(std::string(self->time_out));
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

void Connection::limit(SteadyTime until) {
  streams_->limit = until;
}

bool Connection::open() const {
  return !streams_->closed;
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

Connection::TlsTrouble Connection::tls_trouble() const {
  return streams_->tls_trouble;
}

std::string Connection::peer_address() const {
  error_code error;
  const auto endpoint = streams_->socket.remote_endpoint(error);
  return error ? std::string() : endpoint.address().to_string();
}

std::string Connection::local_literal() const {
  error_code error;
  const auto endpoint = streams_->socket.local_endpoint(error);
  if (error) return "[127.0.0.1]";
  const auto address = endpoint.address();
  if (address.is_v4()) return fmt::format("[{}]", address.to_string());
  auto six = address.to_v6();
  if (six.is_v4_mapped()) {
    return fmt::format("[{}]", asio::ip::make_address_v4(asio::ip::v4_mapped, six).to_string());
  }
  six.scope_id(0);
  return fmt::format("[IPv6:{}]", six.to_string());
}

asio::awaitable<bool> Connection::connect(std::string host, std::uint16_t port,
                                          std::string preferred, milliseconds stagger,
                                          milliseconds timeout) {
  Streams& streams = *streams_;
  if (streams.closed) co_return false;
  streams.time_out = kConnectTimeOut;
  Streams::expect_within(streams_, timeout);
  error_code error;
  Endpoints addresses{tcp::endpoint(asio::ip::make_address(host, error), port)};
  if (error) {
    error = {};
    const std::string service = std::to_string(port);
    const auto found = co_await streams.resolver.async_resolve(
        host, service, asio::redirect_error(asio::use_awaitable, error));
    addresses.clear();
    for (const auto& one : found) addresses.push_back(one.endpoint());
    if (error || addresses.empty() || streams.closed) {
      streams.fail(fmt::format("could not be looked up ({})", error.message()));
      co_return false;
    }
  }
  streams.dialer =
      std::make_shared<Dialer>(streams.loop, in_dialing_order(addresses, preferred), stagger);
  auto socket = co_await streams.dialer->run();
  if (!socket || streams.closed) {
    streams.fail(streams.dialer->failure());
    co_return false;
  }
  streams.socket = std::move(*socket);
  streams.loopback = streams.socket.remote_endpoint(error).address().is_loopback();
  streams.socket.set_option(tcp::no_delay(true), error);
  streams.deadline = SteadyTime::max();
  streams.time_out = kTimeOut;
  co_return true;
}

// The words of the first thing that is wrong are kept: what follows is its consequence.
void Connection::Streams::verify(const std::string& host, std::string ca_file) {
  expect_certificate_of(tls->native_handle(), host);
  tls->set_verify_callback(
      [this, host, ca_file = std::move(ca_file)](bool is_good, asio::ssl::verify_context& found) {
        if (!is_good && tls_trouble == TlsTrouble::None) {
          tls_trouble = TlsTrouble::Distrusted;
          fail(certificate_problem(found.native_handle(), host, ca_file));
        }
        return is_good;
      });
}

asio::awaitable<bool> Connection::start_tls(asio::ssl::context& context, std::string host,
                                            bool verify, std::string ca_file,
                                            milliseconds timeout) {
  Streams& streams = *streams_;
  if (streams.closed) co_return false;
  Streams::expect_within(streams_, timeout);
  streams.input.clear();
  streams.tls.emplace(streams.socket, context);
  error_code error;
  asio::ip::make_address(host, error);
  if (error) SSL_set_tlsext_host_name(streams.tls->native_handle(), host.c_str());
  streams.tls->set_verify_mode(verify ? asio::ssl::verify_peer : asio::ssl::verify_none);
  if (verify) streams.verify(host, std::move(ca_file));
  error = {};
  co_await streams.tls->async_handshake(asio::ssl::stream_base::client,
                                        asio::redirect_error(asio::use_awaitable, error));
  if (error || streams.closed) {
    if (is_not_tls(error)) {
      streams.tls_trouble = TlsTrouble::NotTls;
      streams.fail("does not speak TLS on this port");
    }
    streams.fail(fmt::format("failed at TLS ({})", error.message()));
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
  ParsedReply parsed;
  while (!streams.closed) {
    parsed = parse_reply(streams.input);
    if (parsed.status == ParsedReply::Status::Complete) {
      streams.input.erase(0, parsed.consumed);
      streams.deadline = SteadyTime::max();
      if (parsed.reply.cut) close("gave an answer without an end");
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
  if (parsed.reply.code == 0) co_return std::nullopt;
  parsed.reply.cut = true;  // the time or the connection was over before its end came
  close("gave an answer without an end");
  co_return std::move(parsed.reply);
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
