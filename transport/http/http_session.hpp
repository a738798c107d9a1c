// The inside of a session: one connection from accept to close. Only for the sources of the
// session.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <optional>

#include "transport/http/admission.hpp"
#include "transport/http/body_share.hpp"
#include "transport/http/session.hpp"
#include "transport/http/stream_share.hpp"
#include "transport/http/stream_signal.hpp"

namespace transport::http {

namespace asio = boost::asio;
namespace beast_http = boost::beast::http;
using boost::beast::error_code;
using Clock = std::chrono::steady_clock;
template <class T>
using Task = asio::awaitable<T, Executor>;
using Parser = beast_http::request_parser<beast_http::string_body>;

inline constexpr asio::as_tuple_t<asio::use_awaitable_t<Executor>> kNoThrow{};
inline constexpr asio::use_awaitable_t<Executor> kAwait{};

inline constexpr std::size_t kBodyReadBytes = 64 << 10;

enum class ReadEnd { Complete, Closed, TimedOut, TooLarge, Malformed };

// A request on its way through the session.
struct Exchange {
  BodyShare body_share;
  Request request;
  const Route* route = nullptr;
  AccessRecord record;
  Clock::time_point started;
  bool http10 = false;
  bool keep_alive = false;
  bool head_only = false;
  StreamShare stream_share;
};

class HttpSession final : public Session, public std::enable_shared_from_this<HttpSession> {
 public:
  HttpSession(Socket socket, std::shared_ptr<asio::io_context> context,
              std::shared_ptr<Service> service)
      : socket_(std::move(socket)),
        context_(std::move(context)),
        service_(std::move(service)),
        limits_(service_->limits),
        buffer_(limits_.header_bytes_max + kBodyReadBytes) {}

  Task<void> run(Mode mode);

  void check_deadline(Deadline now) override;
  void drain() override;
  void abandon() override;

 private:
  Task<bool> serve_one();
  Task<void> refuse();
  Task<void> linger();
  Task<ReadEnd> read_head();
  Task<ReadEnd> read_body(Parser& parser);
  Task<ReadEnd> read_some(std::size_t bytes_max);
  Task<bool> write_bytes(std::array<asio::const_buffer, 2> bytes);
  Task<std::optional<Response>> handle(Exchange& exchange);
  Task<bool> write_response(Exchange& exchange, Response response);
  Task<bool> write_stream(Exchange& exchange, BodySource& source);
  Task<bool> write_chunk(Exchange& exchange, const std::string& bytes);
  Task<bool> write_text(std::string_view text);

  Response admit_stream(Exchange& exchange, Response response);
  void watch_client(const std::shared_ptr<StreamSignal>& signal);

  std::optional<Response> take_body_share(const Parser& parser, Exchange& exchange);
  std::optional<Response> parse_head(Parser& parser, Exchange& exchange);
  Response refused(Exchange& exchange, Refusal refusal);
  Response fault(Exchange& exchange, Fault fault, std::string_view message);
  Response read_fault(Exchange& exchange, ReadEnd end, bool in_body);
  void log(Exchange& exchange, bool written);
  void defect(const std::string& sentence) const;
  std::string_view buffered() const;
  std::size_t head_bytes() const;
  void arm(std::chrono::milliseconds timeout);

  Socket socket_;
  std::shared_ptr<asio::io_context> context_;
  std::shared_ptr<Service> service_;
  const Limits& limits_;
  boost::beast::flat_buffer buffer_;
  std::string remote_;
  std::shared_ptr<ReplySlot> pending_;       // while a handler works
  std::shared_ptr<StreamSignal> streaming_;  // while a body comes bit by bit
  std::optional<Deadline> deadline_;
  bool expired_ = false;
  bool idle_ = false;    // waiting for the first byte of a request
  bool first_ = true;    // no request has been read yet
  bool unread_ = false;  // the client may still be sending what we will not read
};

}  // namespace transport::http
