// The second half of a request: from the handler's answer to its last byte.
#include <boost/asio/write.hpp>

#include "transport/http/http_session.hpp"
#include "transport/http/response_head.hpp"

namespace transport::http {
namespace {

// What is still read after a refusal, so that closing does not destroy the answer on its way.
// Twice the largest body that any route takes: who sends a little too much still reads why.
constexpr std::size_t kLingerBytesMax = 16 << 20;
constexpr std::chrono::milliseconds kLingerTimeout{2'000};
constexpr std::size_t kLingerReadBytes = 8 << 10;  // at a time: who lingers is often a stranger
constexpr std::string_view kLastChunk = "0\r\n\r\n";

// RFC 9112 §7.1
std::string chunk_head(std::size_t bytes) {
  std::array<char, 24> text{};
  const int size = std::snprintf(text.data(), text.size(), "%zx\r\n", bytes);
  return {text.data(), static_cast<std::size_t>(size)};
}

}  // namespace

// --- answering -----------------------------------------------------------------------------------

// What comes into the slot; nothing when it was dropped, or the server gave up waiting for it.
template <class Answer>
Task<std::optional<Answer>> HttpSession::answer_in(std::shared_ptr<ReplySlot<Answer>> slot) {
  if (!slot->settled()) {
    pending_ = slot;
    co_await slot->async_wait(kAwait);
    pending_.reset();
  }
  co_return slot->take();
}

// Who sends the request; nothing when the server gave up waiting for it.
Task<std::optional<Authenticated>> HttpSession::authenticate(Exchange& exchange) {
  if (!exchange.route->authenticate) co_return Account{};
  deadline_.reset();
  const auto slot = std::make_shared<ReplySlot<Authenticated>>(context_, service_->defect_log);
  const std::string what = "the authentication of " + exchange.route->path;
  call_guarded(what, [&] {
    exchange.route->authenticate(exchange.request, ReplySlot<Authenticated>::responder(slot));
  });
  auto answer = co_await answer_in(slot);
  if (!answer && slot->dropped()) {
    defect(what + " gave no answer to request " + exchange.request.request_id);
    answer = fault(exchange, Fault::Internal, "the request could not be answered");
  }
  co_return answer;
}

// The handler's answer; nothing when the server gave up waiting for it.
Task<std::optional<Response>> HttpSession::handle(Exchange& exchange) {
  deadline_.reset();
  exchange.record.path = exchange.request.path;
  exchange.record.method = exchange.request.method;
  const std::string request_id = exchange.request.request_id;
  const auto slot = std::make_shared<ReplySlot<Response>>(context_, service_->defect_log);
  call_guarded("the handler of " + exchange.route->path, [&] {
    exchange.route->handler(std::move(exchange.request), ReplySlot<Response>::responder(slot));
  });
  exchange.request.request_id = request_id;
  auto answer = co_await answer_in(slot);
  if (!answer && slot->dropped()) {
    defect("the handler of " + exchange.route->path + " gave no answer to request " + request_id);
    answer = fault(exchange, Fault::Internal, "the request could not be answered");
  }
  co_return answer;
}

Task<bool> HttpSession::write_bytes(std::array<asio::const_buffer, 2> bytes) {
  const auto [ec, written] = co_await asio::async_write(socket_, bytes, kNoThrow);
  co_return !ec;
}

Task<bool> HttpSession::write_response(Exchange& exchange, Response response) {
  if (const auto what = make_body(response)) {
    defect(*what + " (request " + exchange.request.request_id + ")");
    response = fault(exchange, Fault::Internal, "the request could not be answered");
  }
  if (const auto what = response_defect(response)) {
    defect(*what + " (request " + exchange.request.request_id + ")");
    response = fault(exchange, Fault::Internal, "the request could not be answered");
  }
  if (response.source) response = admit_stream(exchange, std::move(response));
  const std::shared_ptr<BodySource> source = response.source;
  if (service_->stopping) exchange.keep_alive = false;
  if (source && exchange.http10) exchange.keep_alive = false;  // its end is that of the connection
  Persistence persistence = Persistence::Default;
  if (exchange.http10) persistence = Persistence::KeepAlive;
  if (!exchange.keep_alive) persistence = Persistence::Close;
  Framing framing = Framing::Length;
  if (source) framing = exchange.http10 ? Framing::EndOfConnection : Framing::Chunked;
  const std::string head =
      response_head(response, exchange.request.request_id, persistence, framing);
  const bool bare = exchange.head_only || !status_has_body(response.status);
  const std::array<asio::const_buffer, 2> bytes{
      asio::buffer(head), bare ? asio::const_buffer() : asio::buffer(response.body)};
  // Counted first: a client that has its answer finds it in the metrics.
  service_->tally.count_response(response.status);
  arm(limits_.write_timeout);
  bool written = co_await write_bytes(bytes);
  deadline_.reset();
  exchange.record.status = response.status;
  exchange.record.bytes_out = asio::buffer_size(bytes);
  if (source && (bare || !written)) source->abandon();
  if (source && !bare && written) {
    written = co_await write_stream(exchange, *source);
  }
  exchange.record.extra = std::move(response.log);
  log(exchange, written);
  co_return written;
}

// There may be only so many streams; beyond them the source is told that nobody reads it.
Response HttpSession::admit_stream(Exchange& exchange, Response response) {
  if (!service_->stopping && exchange.stream_share.take(*service_)) return response;
  response.source->abandon();
  Response refusal =
      fault(exchange, Fault::Overloaded, "too many streams are open; close one and try again");
  refusal.headers.emplace_back("retry-after", "1");
  return refusal;
}

// Takes from the source what there is, and never more than can be written.
Task<bool> HttpSession::write_stream(Exchange& exchange, BodySource& source) {
  exchange.body_share.give_back();
  const auto signal = std::make_shared<StreamSignal>(context_);
  streaming_ = signal;
  source_ = &source;
  if (service_->stopping) signal->end();  // drain() may have come before
  watch_client(signal);
  bool written = true;
  bool is_last = false;
  while (written && !is_last) {
    BodySource::Chunk chunk = source.take();
    is_last = chunk.is_last;
    if (chunk.bytes.empty() && !is_last) {
      source.on_ready([signal] { signal->ready(); });
      arm(limits_.keep_alive_interval);
      const StreamSignal::Reasons reasons = co_await signal->async_wait(kAwait);
      deadline_.reset();
      written = !reasons.client_gone;
      is_last = reasons.end;
      if (reasons.keep_alive && !reasons.ready) chunk.bytes = source.keep_alive();
    }
    if (written && !chunk.bytes.empty()) {
      written = co_await write_chunk(exchange, chunk.bytes);
    }
  }
  source.abandon();  // without effect on one that has ended
  streaming_.reset();
  source_ = nullptr;
  if (written && !exchange.http10) {
    written = co_await write_text(kLastChunk);
  }
  deadline_.reset();
  error_code ignored;  // nothing waits any more
  socket_.cancel(ignored);
  co_return written;
}

Task<bool> HttpSession::write_chunk(Exchange& exchange, const std::string& bytes) {
  exchange.record.bytes_out += bytes.size();
  arm(limits_.write_timeout);
  if (exchange.http10) {
    const bool written = co_await write_text(bytes);
    co_return written;
  }
  const std::string head = chunk_head(bytes.size());
  const std::array<asio::const_buffer, 3> parts{asio::buffer(head), asio::buffer(bytes),
                                                asio::buffer("\r\n", 2)};
  const auto [ec, count] = co_await asio::async_write(socket_, parts, kNoThrow);
  co_return !ec;
}

Task<bool> HttpSession::write_text(std::string_view text) {
  arm(limits_.write_timeout);
  const auto [ec, count] = co_await asio::async_write(socket_, asio::buffer(text), kNoThrow);
  co_return !ec;
}

// While nothing is written, only a read tells that the client has gone. What it sends meanwhile is
// its next request and stays where it is.
void HttpSession::watch_client(const std::shared_ptr<StreamSignal>& signal) {
  if (buffer_.size() > 0) return;
  socket_.async_wait(Socket::wait_read, [signal, weak = weak_from_this()](const error_code& ec) {
    const auto self = weak.lock();
    if (ec || !self) return;
    char byte = 0;
    error_code why;
    const std::size_t count =
        self->socket_.receive(asio::buffer(&byte, 1), Socket::message_peek, why);
    if (count == 0 && why != asio::error::would_block) signal->client_gone();
  });
}

void HttpSession::log(Exchange& exchange, bool written) {
  if (!service_->access_log) return;
  AccessRecord& record = exchange.record;
  if (record.method.empty()) record.method = exchange.request.method;
  if (record.path.empty()) record.path = exchange.request.path;
  record.duration =
      std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - exchange.started);
  record.remote = remote_;
  record.request_id = exchange.request.request_id;
  record.aborted = !written;
  service_->access_log(access_line(record));
}

Task<void> HttpSession::refuse() {
  Exchange exchange;
  exchange.started = Clock::now();
  Response response =
      fault(exchange, Fault::Overloaded, "too many connections are open; try again shortly");
  response.headers.emplace_back("retry-after", "1");
  unread_ = true;
  co_await write_response(exchange, std::move(response));
}

// Closing with unread input makes the kernel send a reset, which may overtake our answer and
// destroy it; so what the client still sends is read and thrown away, up to a limit.
Task<void> HttpSession::linger() {
  error_code ec;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ec);
  buffer_.clear();
  buffer_.shrink_to_fit();
  idle_ = true;  // the answer is out: a stopping server need not wait
  arm(kLingerTimeout);
  for (std::size_t bytes = 0; bytes < kLingerBytesMax && !service_->stopping;) {
    const ReadEnd end = co_await read_some(kLingerReadBytes);
    if (end != ReadEnd::Complete) co_return;
    bytes += buffer_.size();
    buffer_.clear();
  }
}

}  // namespace transport::http
