// The inside of a session: one connection from accept to close. Only for the sources of the
// session.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/optional.hpp>
#include <optional>

#include "transport/http/admission.hpp"
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

// A body that takes memory as it arrives: Beast's string_body reserves what content-length
// announces. Meets Beast's requirements of a Body that is read.
struct ArrivingBody {
  using value_type = std::string;

  class reader {
   public:
    template <bool is_request, class Fields>
    reader(boost::beast::http::header<is_request, Fields>& /*head*/, value_type& body)
        : body_(body) {}

    void init(const boost::optional<std::uint64_t>& announced, boost::beast::error_code& ec) {
      ec = {};
      if (announced) announced_ = static_cast<std::size_t>(*announced);
    }

    template <class Buffers>
    std::size_t put(const Buffers& buffers, boost::beast::error_code& ec) {
      ec = {};
      const std::size_t bytes = boost::asio::buffer_size(buffers);
      make_room(body_.size() + bytes);
      for (const auto buffer : boost::beast::buffers_range_ref(buffers)) {
        body_.append(static_cast<const char*>(buffer.data()), buffer.size());
      }
      return bytes;
    }

    void finish(boost::beast::error_code& ec) { ec = {}; }

   private:
    // Twice as much each time, and no more than is announced. A string that has grown before would
    // take more than it is asked for.
    void make_room(std::size_t needed) {
      if (needed <= body_.capacity()) return;
      const std::size_t doubled = 2 * body_.capacity();
      value_type grown;
      grown.reserve(std::max(needed, announced_ > 0 ? std::min(doubled, announced_) : doubled));
      grown.append(body_);
      body_.swap(grown);
    }

    value_type& body_;
    std::size_t announced_ = 0;
  };
};
using Parser = beast_http::request_parser<ArrivingBody>;

inline constexpr asio::as_tuple_t<asio::use_awaitable_t<Executor>> kNoThrow{};
inline constexpr asio::use_awaitable_t<Executor> kAwait{};

inline constexpr std::size_t kBodyReadBytes = 64 << 10;

enum class ReadEnd { Complete, Closed, TimedOut, TooLarge, Malformed, NoRoom };

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
  HttpSession(Socket socket, std::unique_ptr<ConnectionTable::Place> place,
              std::shared_ptr<asio::io_context> context, std::shared_ptr<Service> service)
      : socket_(std::move(socket)),
        context_(std::move(context)),
        service_(std::move(service)),
        limits_(service_->limits),
        buffer_(limits_.header_bytes_max + kBodyReadBytes),
        place_(std::move(place)) {}

  Task<void> run(Mode mode);

  void check_deadline(Deadline now) override;
  void drain() override;
  void abandon() override;

 private:
  Task<bool> serve_one();
  Task<void> refuse();
  Task<void> linger();
  Task<ReadEnd> read_head();
  Task<ReadEnd> read_first();
  Task<ReadEnd> read_body(Parser& parser, Exchange& exchange);
  Task<ReadEnd> read_rest_of_body(Parser& parser, Exchange& exchange);
  Task<ReadEnd> read_some(std::size_t bytes_max);
  Task<bool> write_bytes(std::array<asio::const_buffer, 2> bytes);
  Task<std::optional<Authenticated>> authenticate(Exchange& exchange);
  Task<std::optional<Response>> handle(Exchange& exchange);
  template <class Answer>
  Task<std::optional<Answer>> answer_in(std::shared_ptr<ReplySlot<Answer>> slot);
  Task<bool> write_response(Exchange& exchange, Response response);
  Task<bool> write_stream(Exchange& exchange, BodySource& source);
  Task<bool> write_chunk(Exchange& exchange, const std::string& bytes);
  Task<bool> write_text(std::string_view text);

  Response admit_stream(Exchange& exchange, Response response);
  void watch_client(const std::shared_ptr<StreamSignal>& signal);

  std::optional<Response> take_account(Exchange& exchange, Authenticated authenticated);
  std::optional<Response> parse_head(Parser& parser, Exchange& exchange);
  Response refused(Exchange& exchange, Refusal refusal);
  Response fault(Exchange& exchange, Fault fault, std::string_view message);
  Response read_fault(Exchange& exchange, ReadEnd end, bool in_body);
  void log(Exchange& exchange, bool written);
  void defect(const std::string& sentence) const;
  void call_guarded(const std::string& what, const std::function<void()>& call) const;
  std::string_view buffered() const;
  std::size_t head_bytes() const;
  void arm(std::chrono::milliseconds timeout);
  void expire();
  void check_upload(Deadline now);

  Socket socket_;
  std::shared_ptr<asio::io_context> context_;
  std::shared_ptr<Service> service_;
  const Limits& limits_;
  boost::beast::flat_buffer buffer_;
  std::string remote_;
  // Given back before the socket closes: room that is counted is there.
  std::unique_ptr<ConnectionTable::Place> place_;
  std::shared_ptr<PendingReply> pending_;    // while a handler works, or the caller is looked up
  std::shared_ptr<StreamSignal> streaming_;  // while a body comes bit by bit
  BodySource* source_ = nullptr;             // of it
  std::optional<Deadline> deadline_;
  // While a body is read: what of it has come in the window that ends then.
  struct Upload {
    Deadline window_end;
    std::size_t bytes = 0;
  };
  std::optional<Upload> upload_;
  bool known_ = false;  // a request of this connection has shown who sends it
  bool expired_ = false;
  bool idle_ = false;    // waiting for the first byte of a request
  bool first_ = true;    // no request has been read yet
  bool unread_ = false;  // the client may still be sending what we will not read
};

}  // namespace transport::http
