#include "transport/http/session.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/beast/http/error.hpp>

#include "transport/http/http_session.hpp"
#include "transport/http/response_head.hpp"

namespace transport::http {
namespace {

constexpr std::size_t kReadBytes = 8 << 10;
constexpr std::size_t kIdleBufferBytesMax = 16 << 10;  // more is given back between requests
constexpr std::string_view kHeadEnd = "\r\n\r\n";
// Read as a list, which may stand in several lines (RFC 9110 §5.3).
constexpr std::string_view kListHeader = "accept";
using Header = std::pair<std::string, std::string>;
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

std::string_view view(boost::beast::string_view text) {
  return {text.data(), text.size()};
}

// Methods are letters (RFC 9110 §9), '\r' may start an empty line.
bool may_begin_request(std::string_view bytes) {
  if (bytes.empty() || bytes == "\r") return true;
  const char c = bytes.front();
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

}  // namespace

// The deadline is a time that the thread's sweep compares, not a timer per operation: a request
// passes through three phases, and setting a timer for each costs more than parsing it.
void HttpSession::arm(std::chrono::milliseconds timeout) {
  deadline_ = Clock::now() + timeout;
  expired_ = false;
}

void HttpSession::check_deadline(Deadline now) {
  if (source_ != nullptr) source_->tick();
  if (upload_ && now >= upload_->window_end) check_upload(now);
  if (!deadline_ || now < *deadline_) return;
  deadline_.reset();
  if (streaming_ && streaming_->is_awaited()) return streaming_->keep_alive();
  expire();
}

void HttpSession::expire() {
  expired_ = true;
  error_code ignored;  // a socket that is closed already has nothing left to cancel
  socket_.cancel(ignored);
}

void HttpSession::check_upload(Deadline now) {
  using Seconds = std::chrono::duration<double>;
  const auto least = static_cast<double>(limits_.body_bytes_per_second_min) *
                     Seconds(limits_.body_rate_window).count();
  if (static_cast<double>(upload_->bytes) < least) return expire();
  upload_ = Upload{now + limits_.body_rate_window};
}

void HttpSession::drain() {
  if (idle_) abandon();
  if (streaming_) streaming_->end();
}

void HttpSession::abandon() {
  error_code ignored;  // the connection is given up either way
  socket_.close(ignored);
  if (pending_) pending_->abandon();
  if (streaming_) streaming_->client_gone();
}

void HttpSession::call_guarded(const std::string& what, const std::function<void()>& call) const {
  try {
    call();
  } catch (const std::exception& error) {
    defect(what + " threw: " + error.what());
  } catch (...) {
    defect(what + " threw what is no std::exception");
  }
}

void HttpSession::defect(const std::string& sentence) const {
  if (*service_->defect_log) (*service_->defect_log)(sentence);
}

Task<void> HttpSession::run(Mode mode) {
  error_code ec;
  socket_.set_option(asio::ip::tcp::no_delay(true), ec);
  const auto peer = socket_.remote_endpoint(ec);
  if (!ec) remote_ = peer.address().to_string();
  if (mode == Mode::Refuse) {
    co_await refuse();
  } else {
    bool more = true;
    while (more) {
      more = co_await serve_one();
    }
  }
  if (unread_) {
    co_await linger();
  }
  place_.reset();
  socket_.close(ec);
}

Task<bool> HttpSession::serve_one() {
  Exchange exchange;
  const ReadEnd head = co_await read_head();
  if (head == ReadEnd::Closed) co_return false;
  exchange.started = Clock::now();
  Parser parser;
  std::optional<Response> answer;
  if (head == ReadEnd::Complete) {
    answer = parse_head(parser, exchange);
  } else {
    answer = read_fault(exchange, head, false);
  }
  if (!answer) {
    auto authenticated = co_await authenticate(exchange);
    if (!authenticated) co_return false;
    answer = take_account(exchange, std::move(*authenticated));
  }
  if (!answer && !parser.is_done()) {
    const ReadEnd body = co_await read_body(parser, exchange);
    if (body == ReadEnd::Closed) co_return false;
    if (body != ReadEnd::Complete) answer = read_fault(exchange, body, true);
  }
  if (!parser.is_done()) {
    unread_ = true;
    exchange.keep_alive = false;
  }
  if (!answer) {
    exchange.request.body = std::move(parser.get().body());
    exchange.record.bytes_in += exchange.request.body.size();
    answer = co_await handle(exchange);
  }
  if (!answer) co_return false;
  const bool written = co_await write_response(exchange, std::move(*answer));
  first_ = false;
  place_->idle();
  const std::size_t kept = known_ ? kIdleBufferBytesMax : 0;
  if (buffer_.size() == 0 && buffer_.capacity() > kept) buffer_.shrink_to_fit();
  co_return written&& exchange.keep_alive;
}

// --- reading -------------------------------------------------------------------------------------

Task<ReadEnd> HttpSession::read_some(std::size_t bytes_max) {
  const std::size_t room = std::min(bytes_max, buffer_.max_size() - buffer_.size());
  if (room == 0) co_return ReadEnd::TooLarge;
  if (expired_) co_return ReadEnd::TimedOut;
  const auto space = buffer_.prepare(room);
  const auto [ec, bytes] = co_await socket_.async_read_some(space, kNoThrow);
  if (expired_ && ec) co_return ReadEnd::TimedOut;
  if (ec) co_return ReadEnd::Closed;
  buffer_.commit(bytes);
  if (upload_) upload_->bytes += bytes;
  co_return ReadEnd::Complete;
}

// The first bytes of a request. A connection of which nothing is known yet takes no memory for them
// before they are there.
Task<ReadEnd> HttpSession::read_first() {
  if (!known_) {
    const auto [ec] = co_await socket_.async_wait(Socket::wait_read, kNoThrow);
    if (ec) co_return ReadEnd::Closed;
  }
  co_return co_await read_some(kReadBytes);
}

std::string_view HttpSession::buffered() const {
  const auto data = buffer_.cdata();
  return {static_cast<const char*>(data.data()), data.size()};
}

// The bytes of a whole head in the buffer, 0 while its end is missing.
std::size_t HttpSession::head_bytes() const {
  const std::size_t end = buffered().find(kHeadEnd);
  return end == std::string_view::npos ? 0 : end + kHeadEnd.size();
}

// Reads until the buffer holds a whole head. A connection that closes or idles between requests is
// Closed: there is nobody to tell.
Task<ReadEnd> HttpSession::read_head() {
  if (buffer_.size() == 0) {
    if (service_->stopping) co_return ReadEnd::Closed;
    idle_ = true;
    arm(first_ ? limits_.header_timeout : limits_.idle_timeout);
    const ReadEnd first = co_await read_first();
    idle_ = false;
    if (first != ReadEnd::Complete) co_return ReadEnd::Closed;
  }
  place_->at_work();
  arm(limits_.header_timeout);
  while (true) {
    // Empty lines before a request are forgiven (RFC 9112 §2.2).
    while (buffered().starts_with("\r\n")) buffer_.consume(2);
    const std::size_t bytes = head_bytes();
    if (bytes > limits_.header_bytes_max) co_return ReadEnd::TooLarge;
    if (bytes > 0) co_return ReadEnd::Complete;
    if (buffer_.size() >= limits_.header_bytes_max) co_return ReadEnd::TooLarge;
    // A TLS hello or other noise would otherwise keep us waiting for an end that never comes.
    if (!may_begin_request(buffered())) co_return ReadEnd::Malformed;
    const ReadEnd end = co_await read_some(kReadBytes);
    if (end != ReadEnd::Complete) co_return end;
  }
}

Task<ReadEnd> HttpSession::read_body(Parser& parser, Exchange& exchange) {
  arm(limits_.body_timeout);
  upload_ = Upload{Clock::now() + limits_.body_rate_window};
  const ReadEnd end = co_await read_rest_of_body(parser, exchange);
  upload_.reset();
  co_return end;
}

Task<ReadEnd> HttpSession::read_rest_of_body(Parser& parser, Exchange& exchange) {
  const std::string_view expect = view(parser.get()[beast_http::field::expect]);
  if (buffer_.size() == 0 && to_lower(expect) == "100-continue") {
    std::array<asio::const_buffer, 2> bytes{asio::buffer(kContinue), asio::const_buffer()};
    const bool sent = co_await write_bytes(bytes);
    if (!sent) co_return ReadEnd::Closed;
  }
  auto check_chunk = [](std::uint64_t, boost::beast::string_view extension, error_code& ec) {
    if (ambiguous_chunk_extension(view(extension))) ec = beast_http::error::bad_chunk_extension;
  };
  parser.on_chunk_header(check_chunk);
  while (true) {
    error_code ec;
    const std::size_t used = parser.put(buffer_.data(), ec);
    buffer_.consume(used);
    if (ec == beast_http::error::body_limit) co_return ReadEnd::TooLarge;
    if (ec && ec != beast_http::error::need_more) co_return ReadEnd::Malformed;
    if (!exchange.body_share.grow_to(parser.get().body().capacity())) co_return ReadEnd::NoRoom;
    if (parser.is_done()) co_return ReadEnd::Complete;
    if (used > 0 && buffer_.size() > 0) continue;
    const ReadEnd end = co_await read_some(kBodyReadBytes);
    // A full buffer here is a chunk header or trailer without end.
    if (end == ReadEnd::TooLarge) co_return ReadEnd::Malformed;
    if (end != ReadEnd::Complete) co_return end;
  }
}

// --- deciding ------------------------------------------------------------------------------------

Response HttpSession::fault(Exchange& exchange, Fault fault, std::string_view message) {
  if (exchange.request.request_id.empty()) exchange.request.request_id = new_request_id();
  Response response;
  response.status = status_of(fault);
  response.headers.emplace_back("cache-control", "no-store");
  if (service_->fault_body) {
    response.body = service_->fault_body(fault, message, exchange.request.request_id);
  } else {
    response.content_type = "text/plain; charset=utf-8";
    response.body =
        std::string(reason_phrase(response.status)) + ": " + std::string(message) + "\n";
  }
  return response;
}

Response HttpSession::read_fault(Exchange& exchange, ReadEnd end, bool in_body) {
  exchange.keep_alive = false;
  if (end == ReadEnd::TimedOut) {
    return fault(exchange, Fault::Timeout,
                 "the request did not arrive in time, or stood still; send it again");
  }
  if (end == ReadEnd::NoRoom) {
    Response response =
        fault(exchange, Fault::Overloaded, "too much is being received; try again shortly");
    response.headers.emplace_back("retry-after", "1");
    return response;
  }
  if (end == ReadEnd::TooLarge && in_body) {
    return refused(exchange, body_too_large(*exchange.route));
  }
  if (end == ReadEnd::TooLarge) {
    return fault(exchange, Fault::HeadersTooLarge,
                 "the request line and headers are longer than the " +
                     std::to_string(limits_.header_bytes_max) + " bytes allowed; send fewer");
  }
  return fault(exchange, Fault::BadRequest,
               in_body ? "the chunked body is malformed" : "this is not an HTTP/1.1 request");
}

// Whose the body is that comes now; or the answer to nobody known.
std::optional<Response> HttpSession::take_account(Exchange& exchange, Authenticated authenticated) {
  if (auto* refusal = std::get_if<Response>(&authenticated)) return std::move(*refusal);
  if (exchange.route->authenticate) {
    known_ = true;
    place_->known();
  }
  exchange.body_share.belong_to(service_->bodies, std::move(std::get<Account>(authenticated).name));
  return std::nullopt;
}

std::optional<Response> HttpSession::parse_head(Parser& parser, Exchange& exchange) {
  const std::size_t bytes = head_bytes();
  if (auto problem = ambiguous_head(buffered().substr(0, bytes))) {
    return fault(exchange, Fault::BadRequest, *problem);
  }
  parser.header_limit(static_cast<std::uint32_t>(bytes) + 1);
  parser.body_limit(boost::none);  // the route's limit is known only after the head
  error_code ec;
  const std::size_t used = parser.put(asio::buffer(buffer_.data(), bytes), ec);
  buffer_.consume(used);
  exchange.record.bytes_in = used;
  if (ec || !parser.is_header_done()) {
    return fault(exchange, Fault::BadRequest,
                 "the request line or a header is malformed, or the framing is ambiguous");
  }
  const auto& head = parser.get();
  Request& request = exchange.request;
  request.method = view(head.method_string());
  request.remote = remote_;
  for (const auto& field : head) {
    std::string name = to_lower(view(field.name_string()));
    const auto known = std::ranges::find(request.headers, name, &Header::first);
    if (name == kListHeader && known != request.headers.end()) {
      known->second.append(", ").append(view(field.value()));
    } else {
      request.headers.emplace_back(std::move(name), view(field.value()));
    }
  }
  request.request_id = request_id_or_new(request.header("x-request-id"));
  exchange.http10 = head.version() == 10;
  exchange.keep_alive = head.keep_alive();
  exchange.head_only = request.method == "HEAD";
  const HeadFacts facts{.target = view(head.target()),
                        .http10 = exchange.http10,
                        .has_body = !parser.is_done(),
                        .content_length = parser.content_length() ? std::optional<std::uint64_t>(
                                                                        *parser.content_length())
                                                                  : std::nullopt};
  auto route = admit(service_->router, service_->hosts, service_->headers, facts, request);
  if (!route) return refused(exchange, std::move(route.error()));
  exchange.route = *route;
  parser.body_limit(exchange.route->body_bytes_max);
  parser.eager(true);
  return std::nullopt;
}

Response HttpSession::refused(Exchange& exchange, Refusal refusal) {
  if (refusal.framing_lost) {
    exchange.keep_alive = false;
    unread_ = true;
  }
  Response response{.status = 204, .content_type = ""};
  if (refusal.fault) response = fault(exchange, *refusal.fault, refusal.message);
  if (!refusal.allow.empty()) response.headers.emplace_back("allow", std::move(refusal.allow));
  return response;
}

std::shared_ptr<Session> start_session(Socket socket, Session::Mode mode,
                                       std::unique_ptr<ConnectionTable::Place> place,
                                       std::shared_ptr<asio::io_context> context,
                                       std::shared_ptr<Service> service,
                                       std::function<void(Session&)> on_end) {
  auto log = service->defect_log;
  auto session = std::make_shared<HttpSession>(std::move(socket), std::move(place), context,
                                               std::move(service));
  auto ended = [session, log, on_end = std::move(on_end)](std::exception_ptr error) {
    if (error) {
      try {
        std::rethrow_exception(error);
      } catch (const std::exception& e) {
        if (*log) (*log)(std::string("an HTTP session ended with an exception: ") + e.what());
      } catch (...) {
        if (*log) (*log)("an HTTP session ended with what is no std::exception");
      }
    }
    on_end(*session);
  };
  asio::co_spawn(context->get_executor(), session->run(mode), std::move(ended));
  return session;
}

}  // namespace transport::http
