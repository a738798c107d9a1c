// An HTTP/1.1 server: routes, limits, timeouts, keep-alive, graceful shutdown. Above this header
// nobody sees a Beast type. Knows nothing of operations: the composition root mounts routes.
//
// Each connection belongs to one of `threads` threads; handlers are called on that thread, one
// request of a connection at a time. What blocks belongs elsewhere: keep `respond` and call it from
// there.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace transport::http {

struct Request {
  std::string method;  // as sent; "HEAD" reaches the GET route, its body is not written
  std::string path;    // percent-decoded per segment only in `captures`; this is the raw path
  std::vector<std::pair<std::string, std::string>> query;     // decoded, in order
  std::vector<std::pair<std::string, std::string>> captures;  // {name} parts of the route, decoded
  std::vector<std::pair<std::string, std::string>> headers;   // names in lower case
  std::string body;
  std::string remote;      // address of the peer
  std::string request_id;  // ours, or the caller's x-request-id when it is harmless

  // The first header of that lower-case name, nullopt when absent.
  std::optional<std::string_view> header(std::string_view name) const;
};

// A body that comes bit by bit. Thread-safe; take, abandon and keep_alive are called on the
// connection's thread.
class BodySource {
 public:
  struct Chunk {
    std::string bytes;
    bool is_last = false;
  };
  virtual ~BodySource() = default;
  // What there is now; may be empty. Not called again before it is written.
  virtual Chunk take() = 0;
  // Calls `wake` once, from any thread, when take() has something new: now, if it has. A later
  // call replaces it.
  virtual void on_ready(std::function<void()> wake) = 0;
  // Nothing more is taken: the body has ended, its reader has gone, or the server stops. May come
  // more than once.
  virtual void abandon() = 0;
  // Written where nothing came for Limits::keep_alive_interval; "" for nothing.
  virtual std::string keep_alive() { return {}; }
  // Called several times a second while the body is open, for what has to be looked at now and
  // then.
  virtual void tick() {}
};

struct Response {
  int status = 200;
  // Beyond those the server writes: content-type, content-length, transfer-encoding, connection,
  // x-request-id, x-content-type-options. One of these, or a name or value with control characters,
  // makes the answer a 500 and a line in the defect log.
  std::vector<std::pair<std::string, std::string>> headers;
  std::string content_type = "application/json";  // empty: none
  std::string body;
  // Gives the body instead, when set: called on the connection's thread, which often has less to do
  // than the one that answers. An exception answers 500.
  std::function<std::string()> make_body;
  // Gives it bit by bit instead, when set, in chunks (RFC 9112 §7.1); on HTTP/1.0 up to the end of
  // the connection.
  std::shared_ptr<BodySource> source;
  // Written to the access log beside method, path, status and duration (never secrets).
  std::vector<std::pair<std::string, std::string>> log;
};

// Answers a request; `respond` is called exactly once, from any thread, during the call or later,
// and also after the client or the server has gone. A second call changes nothing and is logged as
// a defect; a `respond` whose last copy is destroyed uncalled, and an exception, answer 500.
using Handler = std::function<void(Request, std::function<void(Response)> respond)>;

// Who sends a request: whose share of what bodies may take together it counts to.
struct Account {
  std::string name;
};
// That, or the answer to a request of nobody known.
using Authenticated = std::variant<Account, Response>;
// Finds it out by the head, which is borrowed for the call: `done` is called exactly once, from any
// thread, during the call or later.
using Authenticate =
    std::function<void(const Request& head, std::function<void(Authenticated)> done)>;

struct Route {
  std::string method;
  std::string path;  // "/api/v1/emails/{id}"; a literal segment goes before a capture
  Handler handler;
  std::size_t body_bytes_max = 1 << 20;
  bool json_body = true;  // a body must be application/json in UTF-8 (415 otherwise)
  // Asked before any of the body is taken. Empty: anybody may send one.
  Authenticate authenticate = {};
  bool any_host = false;  // answers whatever the Host header says, for what tells nothing
};

// A header that somebody reads as one value, by its lower-case name; "name-*" for all that begin
// so. A request that has it twice, in two lines or joined with a comma, or not in UTF-8, is
// refused.
struct SingleHeader {
  std::string name;
  bool may_hold_commas = false;  // a comma belongs to the value
};

struct Limits {
  // Beyond, connections of strangers go first (the network with most of them, the oldest), then
  // idle ones of known callers; when there are neither: 503.
  std::size_t connections_max = 4096;
  std::size_t header_bytes_max = 16 << 10;
  // Of all bodies being read or handled together; beyond: 503. A body counts as what has arrived of
  // it, and no account gets more than is left free beside it.
  std::size_t bodies_bytes_max = 256 << 20;
  // First byte of a request (on a new connection: its opening) to the end of its head.
  std::chrono::milliseconds header_timeout{10'000};
  std::chrono::milliseconds body_timeout{30'000};  // end of the head to the end of the body
  // A body of which less than this arrives in each window has come to a standstill: 408.
  std::size_t body_bytes_per_second_min = 1'024;
  std::chrono::milliseconds body_rate_window{5'000};
  std::chrono::milliseconds idle_timeout{75'000};   // keep-alive between requests
  std::chrono::milliseconds write_timeout{30'000};  // one whole response, or one chunk of a body
  std::size_t streams_max = 1024;                   // bodies that come bit by bit; beyond: 503
  std::chrono::milliseconds keep_alive_interval{15'000};  // of their silence
  std::chrono::milliseconds drain_timeout{30'000};  // shutdown: requests in flight get this long
};

// Faults the server answers itself, before a handler: the composition root gives them their
// envelope.
enum class Fault {
  BadRequest,
  NotFound,
  MethodNotAllowed,
  PayloadTooLarge,
  UnsupportedMediaType,
  HeadersTooLarge,
  Timeout,
  Overloaded,
  Internal,
  Misdirected
};
// BadRequest 400, Misdirected 403, NotFound 404, MethodNotAllowed 405, Timeout 408, PayloadTooLarge
// 413, UnsupportedMediaType 415, HeadersTooLarge 431, Internal 500, Overloaded 503.
int status_of(Fault fault);
// The body of a fault, application/json. Called on the server's threads.
using FaultBody =
    std::function<std::string(Fault, std::string_view message, std::string_view request_id)>;

struct Options {
  std::string address = "127.0.0.1";
  std::uint16_t port = 3001;  // 0: any free port
  int threads = 1;
  Limits limits;
  FaultBody fault_body;  // empty: the message as plain text
  // Both are called on the server's threads and may be empty; they outlive the last `respond`.
  std::function<void(std::string)> access_log;  // one JSON object per request, without line end
  std::function<void(std::string)> defect_log;  // a sentence per fault of ours, never secrets
  std::vector<std::string> allowed_hosts;       // Host names beside loopback ones and the address
  std::vector<SingleHeader> single_headers;     // beside those of HTTP itself
};

struct Counters {
  std::uint64_t requests = 0;
  std::uint64_t connections_open = 0;
  std::uint64_t body_bytes = 0;            // of limits.bodies_bytes_max, taken now
  std::map<int, std::uint64_t> responses;  // by status
};

class Server {
 public:
  // Throws std::invalid_argument for a route that cannot be meant (see Router).
  Server(Options options, std::vector<Route> routes);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Binds and starts the threads, once; the error is a sentence that names the address and what to
  // do.
  std::optional<std::string> start();
  std::uint16_t port() const;  // after start()

  // Stops accepting, answers requests in flight with `connection: close`, waits for them up to
  // drain_timeout, then closes. Safe to call twice; not from a handler.
  void stop();

  Counters counters() const;  // from any thread

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace transport::http
