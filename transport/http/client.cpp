#include "transport/http/client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <mutex>

#include "transport/http/request_rules.hpp"
#include "transport/http/response_head.hpp"

namespace transport::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace beast_http = boost::beast::http;
using beast::error_code;
using tcp = asio::ip::tcp;
using HttpRequest = beast_http::request<beast_http::string_body>;
using Parser = beast_http::response_parser<beast_http::string_body>;

constexpr std::size_t kIdleConnectionsMax = 8;
constexpr std::uint32_t kResponseHeaderBytesMax = 64 << 10;

struct Origin {
  bool tls = false;
  std::string host;       // without brackets
  std::string port;       // digits
  std::string authority;  // for the Host header
  std::string prefix;     // path before every target, without a trailing slash
};

// One connection with a context of its own: run() is the blocking wait, and the stream's timer
// makes it end.
class Connection {
 public:
  Connection(const Origin& origin, asio::ssl::context& tls)
      : tls_(origin.tls), stream_(context_, tls) {}

  error_code open(const Origin& origin, std::chrono::milliseconds timeout);
  error_code exchange(const HttpRequest& request, Parser& parser,
                      std::chrono::milliseconds timeout);

  bool answered() const { return answered_; }  // any byte of the last answer was seen

  // False when the server has closed a kept connection or sent what nobody asked for.
  bool looks_usable();

 private:
  beast::tcp_stream& plain() { return stream_.next_layer(); }
  error_code handshake(const std::string& host);
  template <class Stream>
  error_code exchange_on(Stream& stream, const HttpRequest& request, Parser& parser);
  error_code run(const error_code& result);

  asio::io_context context_{1};
  bool tls_;
  bool answered_ = false;
  beast::ssl_stream<beast::tcp_stream> stream_;  // without TLS only its next layer is used
  beast::flat_buffer buffer_;
};

error_code Connection::run(const error_code& result) {
  context_.restart();
  context_.run();
  return result;
}

error_code Connection::open(const Origin& origin, std::chrono::milliseconds timeout) {
  error_code ec;
  tcp::resolver resolver(context_);
  const auto endpoints = resolver.resolve(origin.host, origin.port, ec);
  if (ec) return ec;
  plain().expires_after(timeout);
  plain().async_connect(endpoints, [&ec](error_code result, const tcp::endpoint&) { ec = result; });
  ec = run(ec);
  if (ec) return ec;
  plain().socket().set_option(tcp::no_delay(true), ec);
  if (!ec && tls_) ec = handshake(origin.host);
  plain().expires_never();
  return ec;
}

error_code Connection::handshake(const std::string& host) {
  error_code ec;
  stream_.set_verify_mode(asio::ssl::verify_peer, ec);
  if (!ec) stream_.set_verify_callback(asio::ssl::host_name_verification(host), ec);
  if (ec) return ec;
  error_code not_a_name;
  asio::ip::make_address(host, not_a_name);
  if (not_a_name && !SSL_set_tlsext_host_name(stream_.native_handle(), host.c_str())) {
    return asio::error::invalid_argument;  // names only: RFC 6066 §3 forbids addresses here
  }
  stream_.async_handshake(asio::ssl::stream_base::client,
                          [&ec](error_code result) { ec = result; });
  return run(ec);
}

template <class Stream>
error_code Connection::exchange_on(Stream& stream, const HttpRequest& request, Parser& parser) {
  error_code ec;
  beast_http::async_write(stream, request, [&ec](error_code result, std::size_t) { ec = result; });
  ec = run(ec);
  if (ec) return ec;
  beast_http::async_read(stream, buffer_, parser,
                         [&ec](error_code result, std::size_t) { ec = result; });
  ec = run(ec);
  return ec;
}

error_code Connection::exchange(const HttpRequest& request, Parser& parser,
                                std::chrono::milliseconds timeout) {
  plain().expires_after(timeout);
  const error_code ec =
      tls_ ? exchange_on(stream_, request, parser) : exchange_on(plain(), request, parser);
  answered_ = parser.got_some();
  plain().expires_never();
  return ec;
}

bool Connection::looks_usable() {
  tcp::socket& socket = plain().socket();
  if (!socket.is_open() || buffer_.size() > 0) return false;
  error_code ec;
  char byte = 0;
  socket.non_blocking(true, ec);
  if (ec) return false;
  socket.receive(asio::buffer(&byte, 1), tcp::socket::message_peek, ec);
  return ec == asio::error::would_block;
}

tl::expected<Origin, std::string> parse_origin(std::string_view base_url) {
  const auto parsed =
      boost::urls::parse_uri(boost::urls::string_view(base_url.data(), base_url.size()));
  const auto bad = [base_url](const char* why) {
    return tl::unexpected(
        fmt::format("the base URL {} {}; write it as https://host or http://host:port",
                    base_url.find('@') == std::string_view::npos ? base_url : "given", why));
  };
  if (!parsed) return bad("is not a URL");
  const boost::urls::url_view& url = *parsed;
  Origin origin;
  origin.tls = url.scheme() == "https";
  if (!origin.tls && url.scheme() != "http") return bad("is neither http nor https");
  if (url.has_userinfo()) return bad("holds a user name");
  if (url.has_query() || url.has_fragment()) return bad("holds a query or a fragment");
  if (url.host().empty()) return bad("has no host");
  origin.host = url.host_address();
  origin.port =
      url.has_port() && !url.port().empty() ? std::string(url.port()) : (origin.tls ? "443" : "80");
  origin.authority = std::string(url.encoded_host_and_port());
  origin.prefix = std::string(url.encoded_path());
  while (origin.prefix.ends_with('/')) origin.prefix.pop_back();
  return origin;
}

bool repeatable(std::string_view method, const ClientHeaders& headers) {
  for (const std::string_view safe : {"GET", "HEAD", "OPTIONS", "PUT", "DELETE"}) {
    if (method == safe) return true;
  }
  return std::any_of(headers.begin(), headers.end(), [](const auto& header) {
    return to_lower(header.first) == "idempotency-key";
  });
}

ClientResponse to_response(Parser& parser) {
  ClientResponse response;
  response.status = static_cast<int>(parser.get().result_int());
  for (const auto& field : parser.get()) {
    const auto name = field.name_string();
    const auto value = field.value();
    response.headers.emplace_back(to_lower(std::string_view(name.data(), name.size())),
                                  std::string(value.data(), value.size()));
  }
  response.body = std::move(parser.get().body());
  return response;
}

}  // namespace

std::optional<std::string_view> ClientResponse::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return std::nullopt;
}

struct Client::Impl {
  Origin origin;
  ClientTimeouts timeouts;
  asio::ssl::context tls{asio::ssl::context::tls_client};
  std::mutex mutex;
  std::vector<std::unique_ptr<Connection>> idle;  // guarded by mutex

  std::unique_ptr<Connection> take_idle();
  void keep(std::unique_ptr<Connection> connection);
  tl::expected<HttpRequest, std::string> build(std::string_view method, std::string_view target,
                                               const ClientHeaders& headers, std::string_view body);
  std::string sentence(const char* doing, const error_code& ec) const;
};

std::unique_ptr<Connection> Client::Impl::take_idle() {
  const std::lock_guard lock(mutex);
  while (!idle.empty()) {
    auto connection = std::move(idle.back());
    idle.pop_back();
    if (connection->looks_usable()) return connection;
  }
  return nullptr;
}

void Client::Impl::keep(std::unique_ptr<Connection> connection) {
  const std::lock_guard lock(mutex);
  if (idle.size() < kIdleConnectionsMax) idle.push_back(std::move(connection));
}

tl::expected<HttpRequest, std::string> Client::Impl::build(std::string_view method,
                                                           std::string_view target,
                                                           const ClientHeaders& headers,
                                                           std::string_view body) {
  const bool printable =
      std::all_of(target.begin(), target.end(), [](char c) { return c > 0x20 && c < 0x7F; });
  if (!target.starts_with('/') || !printable) {
    return tl::unexpected<std::string>(
        "the request target must begin with '/' and hold printable ASCII only; encode the rest");
  }
  const bool letters =
      std::all_of(method.begin(), method.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
  if (method.empty() || !letters) {
    return tl::unexpected<std::string>("the request method must be upper-case letters");
  }
  // The rules for what may stand in a header are the same in both directions.
  Response checked;
  for (const auto& [name, value] : headers) {
    if (to_lower(name) != "content-type" && to_lower(name) != "x-request-id") {
      checked.headers.emplace_back(name, value);
    } else {
      checked.headers.emplace_back("checked", value);
    }
  }
  if (response_defect(checked)) {
    return tl::unexpected<std::string>(
        "a request header is not allowed: names are tokens, values hold no control characters, and "
        "the client itself writes host, content-length and connection");
  }
  HttpRequest request;
  request.version(11);
  request.method_string({method.data(), method.size()});
  request.target(origin.prefix + std::string(target));
  for (const auto& [name, value] : headers) request.insert(name, value);
  request.set(beast_http::field::host, origin.authority);
  request.body() = body;
  if (!body.empty() || method == "POST" || method == "PUT" || method == "PATCH") {
    request.content_length(body.size());
  }
  return request;
}

std::string Client::Impl::sentence(const char* doing, const error_code& ec) const {
  std::string why = ec.message();
  std::string remedy = "check that the server runs and that the base URL is right";
  if (ec == beast::error::timeout) {
    why = "it took too long";
    remedy = "try again later";
  } else if (ec == beast_http::error::body_limit) {
    why = fmt::format("the answer is longer than {} bytes", kClientResponseBytesMax);
    remedy = "ask for less at once";
  } else if (ec.category() == asio::error::get_ssl_category()) {
    remedy = "check the server's certificate, or name its authority in SSL_CERT_FILE";
  }
  return fmt::format("{} {}://{} failed: {}; {}", doing, origin.tls ? "https" : "http",
                     origin.authority, why, remedy);
}

Client::Client(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Client::~Client() = default;

tl::expected<std::unique_ptr<Client>, std::string> Client::make(std::string_view base_url,
                                                                ClientTimeouts timeouts) {
  auto origin = parse_origin(base_url);
  if (!origin) return tl::unexpected(origin.error());
  auto impl = std::make_unique<Impl>();
  impl->origin = std::move(*origin);
  impl->timeouts = timeouts;
  error_code ec;
  impl->tls.set_default_verify_paths(ec);
  if (ec) return tl::unexpected("the system's certificates cannot be read: " + ec.message());
  impl->tls.set_options(asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1, ec);
  return std::unique_ptr<Client>(new Client(std::move(impl)));
}

tl::expected<ClientResponse, std::string> Client::request(std::string_view method,
                                                          std::string_view target,
                                                          const ClientHeaders& headers,
                                                          std::string_view body) {
  auto request = impl_->build(method, target, headers, body);
  if (!request) return tl::unexpected(request.error());
  auto connection = impl_->take_idle();
  while (true) {
    const bool kept = connection != nullptr;
    if (!kept) {
      connection = std::make_unique<Connection>(impl_->origin, impl_->tls);
      const error_code ec = connection->open(impl_->origin, impl_->timeouts.connect);
      if (ec) return tl::unexpected(impl_->sentence("connecting to", ec));
    }
    Parser parser;
    parser.body_limit(kClientResponseBytesMax);
    parser.header_limit(kResponseHeaderBytesMax);
    if (method == "HEAD") parser.skip(true);
    const error_code ec = connection->exchange(*request, parser, impl_->timeouts.exchange);
    if (ec && kept && !connection->answered() && ec != beast::error::timeout &&
        repeatable(method, headers)) {
      connection.reset();  // the server let the kept connection go: once more on a new one
      continue;
    }
    if (ec) return tl::unexpected(impl_->sentence("asking", ec));
    const bool reusable = parser.get().keep_alive() && !parser.get().need_eof();
    ClientResponse response = to_response(parser);
    if (reusable) impl_->keep(std::move(connection));
    return response;
  }
}

}  // namespace transport::http
