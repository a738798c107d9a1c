// A started server with recorded logs, and a client that speaks raw bytes to it.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "transport/http/request_rules.hpp"
#include "transport/http/server.hpp"

namespace http_test {

using transport::http::Account;
using transport::http::Authenticated;
using transport::http::Fault;
using transport::http::Limits;
using transport::http::Options;
using transport::http::Request;
using transport::http::Response;
using transport::http::Route;
using transport::http::Server;
using Respond = std::function<void(Response)>;

struct Reply {
  int status = 0;
  std::string head;  // lower case
  std::string body;

  bool has(const std::string& line) const {
    return head.find("\r\n" + line + "\r\n") != std::string::npos;
  }
};

// A blocking socket; a read that takes 20 s fails the test instead of hanging it.
class Wire {
 public:
  explicit Wire(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    const timeval patience{.tv_sec = 20, .tv_usec = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  }
  ~Wire() { close(); }
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  void finish_sending() { ::shutdown(fd_, SHUT_WR); }

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;  // the server has closed; what it said is checked by reading
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  // The next response; `bodiless` for answers to HEAD.
  Reply read(bool bodiless = false) {
    std::size_t end = std::string::npos;
    while ((end = in_.find("\r\n\r\n")) == std::string::npos) {
      if (!fill()) FAIL("the connection ended before a whole response head: '" << in_ << "'");
    }
    Reply reply;
    reply.head = transport::http::to_lower(in_.substr(0, end + 4));
    in_.erase(0, end + 4);
    reply.status = std::stoi(reply.head.substr(9, 3));
    const std::size_t at = reply.head.find("content-length: ");
    if (at == std::string::npos || bodiless) return reply;
    const std::size_t length = std::stoul(reply.head.substr(at + 16));
    while (in_.size() < length) {
      if (!fill()) FAIL("the connection ended inside a body");
    }
    reply.body = in_.substr(0, length);
    in_.erase(0, length);
    return reply;
  }

  // What comes up to and with `end`.
  std::string read_until(std::string_view end) {
    std::size_t at = std::string::npos;
    while ((at = in_.find(end)) == std::string::npos) {
      if (!fill()) FAIL("the connection ended before '" << end << "': '" << in_ << "'");
    }
    std::string bytes = in_.substr(0, at + end.size());
    in_.erase(0, bytes.size());
    return bytes;
  }

  // True when the server closes without a further byte.
  bool closed() {
    if (!in_.empty()) return false;
    return !fill();
  }

 private:
  bool fill() {
    char bytes[4096];
    const ssize_t got = ::recv(fd_, bytes, sizeof bytes, 0);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) FAIL("no answer within 20 s");
    if (got <= 0) return false;
    in_.append(bytes, static_cast<std::size_t>(got));
    return true;
  }

  int fd_;
  std::string in_;
};

// Lines written by the server's threads; wait_for() is how a test knows that one has come.
class Lines {
 public:
  std::function<void(std::string)> sink() {
    return [this](std::string line) {
      const std::lock_guard lock(mutex_);
      lines_.push_back(std::move(line));
      changed_.notify_all();
    };
  }
  // The first line that holds `text`; empty after 20 s.
  std::string wait_for(const std::string& text) {
    std::unique_lock lock(mutex_);
    std::string found;
    changed_.wait_for(lock, std::chrono::seconds(20), [&] {
      for (const std::string& line : lines_) {
        if (line.find(text) != std::string::npos) found = line;
      }
      return !found.empty();
    });
    return found;
  }
  std::size_t count() {
    const std::lock_guard lock(mutex_);
    return lines_.size();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> lines_;
};

// Keeps the answer of a handler for later, from any thread.
class Held {
 public:
  transport::http::Handler handler() {
    return [this](Request, Respond respond) {
      const std::lock_guard lock(mutex_);
      respond_ = std::move(respond);
      changed_.notify_all();
    };
  }
  Respond take() {
    std::unique_lock lock(mutex_);
    REQUIRE(changed_.wait_for(lock, std::chrono::seconds(20), [&] { return respond_ != nullptr; }));
    return std::exchange(respond_, nullptr);
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  Respond respond_;
};

// Looks at something that happens on the server's threads until it holds.
inline void eventually(const std::function<bool()>& holds) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!holds()) {
    REQUIRE(std::chrono::steady_clock::now() < deadline);
    std::this_thread::yield();
  }
}

// Routes: GET /hello, POST /echo (100 bytes of JSON), POST /raw (any type), GET /items/{id},
// GET /held, GET /dropped, GET /throws, GET /twice, GET /split, GET /empty, GET /accept, GET /open
// (any Host); and for callers who show a key (x-api-key: sk…) POST /kept (any type), GET /mine and
// GET /mine/held.
class TestServer {
 public:
  explicit TestServer(Limits limits = {}, int threads = 1, std::vector<std::string> hosts = {}) {
    Options options;
    options.port = 0;
    options.threads = threads;
    options.limits = limits;
    options.access_log = access.sink();
    options.defect_log = defects.sink();
    options.allowed_hosts = std::move(hosts);
    options.single_headers = {{"x-api-key"}, {"note", true}, {"param-*", true}};
    options.fault_body = [](Fault, std::string_view message, std::string_view id) {
      return "{\"fault\":\"" + std::string(message) + "\",\"id\":\"" + std::string(id) + "\"}";
    };
    server = std::make_unique<Server>(std::move(options), routes());
    const auto error = server->start();
    INFO(error.value_or(""));
    REQUIRE_FALSE(error);
  }

  // Before the members that its threads write to.
  ~TestServer() { server.reset(); }

  std::uint16_t port() const { return server->port(); }

  Held held;
  Lines access;
  Lines defects;
  std::unique_ptr<Server> server;

 private:
  static Response text(std::string body) {
    return Response{.content_type = "text/plain", .body = std::move(body)};
  }
  // The account is the key.
  static void authenticate(const Request& head, const std::function<void(Authenticated)>& done) {
    const auto key = head.header("x-api-key");
    if (key && key->starts_with("sk")) return done(Account{std::string(*key)});
    done(Response{.status = 401, .content_type = "text/plain", .body = "who are you"});
  }
  static void echo(Request request, const Respond& respond) { respond(text(request.body)); }

  std::vector<Route> routes() {
    const auto add = [](std::vector<Route>& list, const char* method, const char* path,
                        transport::http::Handler handler) -> Route& {
      list.push_back({.method = method, .path = path, .handler = std::move(handler)});
      return list.back();
    };
    std::vector<Route> list;
    add(list, "GET", "/hello", [](Request, const Respond& respond) { respond(text("hello")); });
    add(list, "POST", "/echo", echo).body_bytes_max = 100;
    Route& raw = add(list, "POST", "/raw", echo);
    raw.json_body = false;
    raw.body_bytes_max = 200'000;
    add(list, "GET", "/items/{id}", [](const Request& request, const Respond& respond) {
      std::string out = request.captures.at(0).second;
      for (const auto& [name, value] : request.query) out += "|" + name + "=" + value;
      Response response = text(out);
      response.log.emplace_back("item", request.captures.at(0).second);
      respond(std::move(response));
    });
    add(list, "GET", "/held", held.handler());
    add(list, "GET", "/dropped", [](Request, const Respond&) {});
    add(list, "GET", "/throws",
        [](Request, const Respond&) { throw std::runtime_error("no such luck"); });
    add(list, "GET", "/twice", [](Request, const Respond& respond) {
      respond(text("first"));
      respond(text("second"));
    });
    add(list, "GET", "/split", [](Request, const Respond& respond) {
      Response response = text("x");
      response.headers.emplace_back("location", "/a\r\nset-cookie: stolen=1");
      respond(std::move(response));
    });
    add(list, "GET", "/empty", [](Request, const Respond& respond) {
      respond(Response{.status = 204, .content_type = ""});
    });
    add(list, "GET", "/accept", [](const Request& request, const Respond& respond) {
      respond(text(std::string(request.header("accept").value_or("none"))));
    });
    add(list, "GET", "/open", [](Request, const Respond& respond) {
      respond(text("open"));
    }).any_host = true;
    add_keyed(list, add);
    return list;
  }

  template <class Add>
  void add_keyed(std::vector<Route>& list, const Add& add) {
    Route& kept = add(list, "POST", "/kept", echo);
    kept.json_body = false;
    kept.body_bytes_max = 8 << 20;
    kept.authenticate = authenticate;
    add(list, "GET", "/mine", [](Request, const Respond& respond) {
      respond(text("mine"));
    }).authenticate = authenticate;
    add(list, "GET", "/mine/held", held.handler()).authenticate = authenticate;
  }
};

inline std::string get(const std::string& path, const std::string& more = "") {
  return "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n" + more + "\r\n";
}

inline std::string post(const std::string& path, const std::string& body,
                        const std::string& type = "application/json") {
  return "POST " + path + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: " + type +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace http_test
