// A scripted SMTP server on 127.0.0.1 with one blocking thread per connection, and the means to
// send a mail to it and wait for the outcome.
#pragma once

#include <condition_variable>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/delivery/mail_transport.hpp"
#include "transport/smtp/smtp_options.hpp"
#include "transport/smtp/smtp_transport.hpp"

struct ssl_ctx_st;
struct ssl_st;

namespace smtp_test {

// The peer ended the connection; ends a script.
struct Gone {};

// One accepted connection.
class Wire {
 public:
  Wire(int socket, ssl_ctx_st* tls) : socket_(socket), tls_context_(tls) {}
  ~Wire();
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  void raw(std::string_view bytes);
  void say(std::string_view line) { raw(std::string(line) + "\r\n"); }
  std::string line();     // without CRLF
  std::string content();  // up to CRLF.CRLF, as it came, with the CRLF, without the dot
  std::string some();     // whatever comes next
  void wait_for_end();    // reads until the peer closes
  void start_tls();
  void reset();      // RST
  void finish();     // FIN
  void interrupt();  // from another thread
  bool secure() const { return tls_ != nullptr; }

 private:
  void fill();
  const int socket_;
  ssl_ctx_st* tls_context_;
  ssl_st* tls_ = nullptr;
  std::string input_;
  bool open_ = true;
  std::mutex mutex_;
};

using Script = std::function<void(Wire&, int connection)>;

class FakeServer {
 public:
  // Listens on 127.0.0.1, or on all addresses of the machine.
  enum class Where { Loopback, Everywhere };
  explicit FakeServer(Script script, ssl_ctx_st* tls = nullptr, Where where = Where::Loopback);
  ~FakeServer();
  std::uint16_t port() const { return port_; }
  int connections();

 private:
  void accept_all();
  Script script_;
  ssl_ctx_st* tls_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Wire>> wires_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

// A counter that threads of a test wait on.
class Signal {
 public:
  void raise();
  void wait(int times = 1);

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int raised_ = 0;
};

// What a server heard, in order; thread-safe.
class Log {
 public:
  void add(std::string line);
  std::vector<std::string> lines();
  int count(std::string_view prefix);

 private:
  std::mutex mutex_;
  std::vector<std::string> lines_;
};

// A well-behaved server: answers every command, logs it, takes content ("content:" in the log).
struct Polite {
  std::vector<std::string> extensions{"PIPELINING", "SIZE 10000000", "8BITMIME"};
  // Called with the command ("BANNER" first, "BODY" within the content, "." after it); true = the
  // hook has answered.
  std::function<bool(Wire&, const std::string& command)> hook;
  std::shared_ptr<Log> log = std::make_shared<Log>();

  void operator()(Wire& wire, int connection);

 private:
  bool hooked(Wire& wire, const std::string& command);
  void take_content(Wire& wire);
  std::string hello() const;
};

// A self-signed certificate for localhost and 127.0.0.1.
class Certificate {
 public:
  // Valid from and until so many seconds from now.
  explicit Certificate(long from_seconds = -86'400, long until_seconds = 86'400);
  ~Certificate();
  ssl_ctx_st* server_context() const { return context_; }
  const std::string& file() const { return file_; }

 private:
  ssl_ctx_st* context_;
  std::string file_;
};

transport::smtp::SmtpOptions options_for(const FakeServer& server);
std::unique_ptr<transport::smtp::SmtpTransport> transport_for(transport::smtp::SmtpOptions options);
segmentflow::OutgoingMail mail_to(std::vector<std::string> recipients);
segmentflow::OutgoingMail mail_with(std::string content);

// Lets the dot go at once.
void say_go(std::function<void(bool)> go);

// Gets an outcome; a minute without one ends the test program.
struct Outcome {
  segmentflow::MailTransport::Done done();
  segmentflow::MailOutcome wait();

 private:
  std::shared_ptr<std::promise<segmentflow::MailOutcome>> promise_ =
      std::make_shared<std::promise<segmentflow::MailOutcome>>();
  std::future<segmentflow::MailOutcome> future_ = promise_->get_future();
};

segmentflow::MailOutcome deliver(transport::smtp::SmtpTransport& transport,
                                 segmentflow::OutgoingMail mail);

}  // namespace smtp_test
