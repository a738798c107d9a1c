#include "tests/unit/smtp/fake_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <utility>

namespace smtp_test {

namespace {
constexpr std::chrono::seconds kPatience{60};

void require(bool ok, const char* what) {
  if (!ok) throw std::runtime_error(std::string("fake SMTP server: ") + what);
}
}  // namespace

Wire::~Wire() {
  if (tls_ != nullptr) SSL_free(tls_);
  ::close(socket_);
}

void Wire::fill() {
  char bytes[16 << 10];
  const auto count = tls_ != nullptr ? SSL_read(tls_, bytes, sizeof bytes)
                                     : static_cast<int>(::recv(socket_, bytes, sizeof bytes, 0));
  if (count <= 0) throw Gone{};
  input_.append(bytes, static_cast<std::size_t>(count));
}

void Wire::raw(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto count = tls_ != nullptr
                           ? SSL_write(tls_, bytes.data(), static_cast<int>(bytes.size()))
                           : ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) throw Gone{};
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

std::string Wire::line() {
  std::size_t end = 0;
  while ((end = input_.find("\r\n")) == input_.npos) fill();
  std::string result = input_.substr(0, end);
  input_.erase(0, end + 2);
  return result;
}

std::string Wire::content() {
  if (input_.starts_with(".\r\n")) {
    input_.erase(0, 3);
    return {};
  }
  std::size_t end = 0;
  while ((end = input_.find("\r\n.\r\n")) == input_.npos) {
    fill();
    if (input_.starts_with(".\r\n")) return content();
  }
  std::string result = input_.substr(0, end + 2);
  input_.erase(0, end + 5);
  return result;
}

std::string Wire::some() {
  if (input_.empty()) fill();
  return std::exchange(input_, {});
}

void Wire::wait_for_end() {
  while (true) fill();
}

void Wire::start_tls() {
  input_.clear();
  tls_ = SSL_new(tls_context_);
  SSL_set_fd(tls_, socket_);
  if (SSL_accept(tls_) != 1) throw Gone{};
}

// The descriptor itself lives until the object goes, so that nobody else gets its number meanwhile.
void Wire::reset() {
  const std::lock_guard lock(mutex_);
  sockaddr disconnect{};
  disconnect.sa_family = AF_UNSPEC;  // disconnecting a TCP socket sends RST
  ::connect(socket_, &disconnect, sizeof disconnect);
  open_ = false;
}

void Wire::finish() {
  const std::lock_guard lock(mutex_);
  ::shutdown(socket_, SHUT_WR);
}

void Wire::interrupt() {
  const std::lock_guard lock(mutex_);
  if (open_) ::shutdown(socket_, SHUT_RDWR);
}

FakeServer::FakeServer(Script script, ssl_ctx_st* tls, Where where)
    : script_(std::move(script)), tls_(tls) {
  std::signal(SIGPIPE, SIG_IGN);  // SSL_write to a peer that is gone
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(where == Where::Loopback ? INADDR_LOOPBACK : INADDR_ANY);
  socklen_t length = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  require(::bind(listener_, generic, length) == 0, "bind");
  require(::listen(listener_, 64) == 0, "listen");
  require(::getsockname(listener_, generic, &length) == 0, "getsockname");
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_all(); });
}

void FakeServer::accept_all() {
  while (true) {
    const int socket = ::accept(listener_, nullptr, nullptr);
    if (socket < 0) return;
    const std::lock_guard lock(mutex_);
    const int number = static_cast<int>(wires_.size());
    Wire* wire = wires_.emplace_back(std::make_unique<Wire>(socket, tls_)).get();
    threads_.emplace_back([this, wire, number] {
      try {
        script_(*wire, number);
      } catch (const Gone&) {
      }
      wire->interrupt();
    });
  }
}

FakeServer::~FakeServer() {
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  ::close(listener_);
  for (const auto& wire : wires_) wire->interrupt();
  for (auto& thread : threads_) thread.join();
}

int FakeServer::connections() {
  const std::lock_guard lock(mutex_);
  return static_cast<int>(wires_.size());
}

void Signal::raise() {
  const std::lock_guard lock(mutex_);
  ++raised_;
  changed_.notify_all();
}

void Signal::wait(int times) {
  std::unique_lock lock(mutex_);
  const bool came = changed_.wait_for(lock, kPatience, [&] { return raised_ >= times; });
  require(came, "a signal never came");
}

void Log::add(std::string line) {
  const std::lock_guard lock(mutex_);
  lines_.push_back(std::move(line));
}

std::vector<std::string> Log::lines() {
  const std::lock_guard lock(mutex_);
  return lines_;
}

int Log::count(std::string_view prefix) {
  int found = 0;
  for (const auto& line : lines()) found += line.starts_with(prefix) ? 1 : 0;
  return found;
}

bool Polite::hooked(Wire& wire, const std::string& command) {
  return hook && hook(wire, command);
}

std::string Polite::hello() const {
  std::string reply = "250-fake.test";
  for (const auto& extension : extensions) reply += "\r\n250-" + extension;
  reply.replace(reply.rfind("250-"), 4, "250 ");
  return reply;
}

void Polite::take_content(Wire& wire) {
  wire.say("354 go on");
  if (hooked(wire, "BODY")) return;
  log->add("content:" + wire.content());
  if (!hooked(wire, ".")) wire.say("250 2.0.0 queued as 1");
}

void Polite::operator()(Wire& wire, int) {
  bool sender = false;
  bool recipient = false;
  if (!hooked(wire, "BANNER")) wire.say("220 fake.test ESMTP");
  while (true) {
    const std::string command = wire.line();
    log->add(command);
    if (hooked(wire, command)) continue;
    if (command.starts_with("EHLO")) wire.say(hello());
    if (command.starts_with("HELO")) wire.say("250 fake.test");
    if (command.starts_with("MAIL")) wire.say("250 2.1.0 ok");
    sender |= command.starts_with("MAIL");
    if (command.starts_with("RCPT")) wire.say(sender ? "250 2.1.5 ok" : "503 5.5.1 MAIL first");
    recipient |= sender && command.starts_with("RCPT");
    if (command.starts_with("RSET")) wire.say("250 2.0.0 reset");
    if (command.starts_with("DATA")) {
      if (recipient) {
        take_content(wire);
      } else {
        wire.say("503 5.5.1 RCPT first");
      }
    }
    if (command.starts_with("RSET") || command.starts_with("DATA")) sender = recipient = false;
    if (command.starts_with("QUIT")) {
      wire.say("221 2.0.0 bye");
      return;
    }
  }
}

Certificate::Certificate(long from_seconds, long until_seconds)
    : context_(SSL_CTX_new(TLS_server_method())) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), from_seconds);
  X509_gmtime_adj(X509_getm_notAfter(certificate), until_seconds);
  X509_set_pubkey(certificate, key);
  X509_NAME* name = X509_get_subject_name(certificate);
  const auto* common = reinterpret_cast<const unsigned char*>("localhost");
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, common, -1, -1, 0);
  X509_set_issuer_name(certificate, name);
  X509_EXTENSION* names =
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
  X509_add_ext(certificate, names, -1);
  X509_EXTENSION_free(names);
  require(X509_sign(certificate, key, EVP_sha256()) > 0, "sign certificate");
  SSL_CTX_use_certificate(context_, certificate);
  SSL_CTX_use_PrivateKey(context_, key);
  file_ = "/tmp/smtp_test_ca_XXXXXX";
  const int descriptor = ::mkstemp(file_.data());
  require(descriptor >= 0, "mkstemp");
  FILE* stream = ::fdopen(descriptor, "w");
  PEM_write_X509(stream, certificate);
  ::fclose(stream);
  X509_free(certificate);
  EVP_PKEY_free(key);
}

Certificate::~Certificate() {
  ::unlink(file_.c_str());
  SSL_CTX_free(context_);
}

transport::smtp::SmtpOptions options_for(const FakeServer& server) {
  transport::smtp::SmtpOptions options;
  options.host = "127.0.0.1";
  options.port = server.port();
  options.hello_name = "client.test";
  return options;
}

std::unique_ptr<transport::smtp::SmtpTransport> transport_for(
    transport::smtp::SmtpOptions options) {
  auto created = transport::smtp::SmtpTransport::create(std::move(options));
  require(created.has_value(), "the transport could not be made");
  return std::move(*created);
}

segmentflow::OutgoingMail mail_to(std::vector<std::string> recipients) {
  segmentflow::OutgoingMail mail;
  mail.message_id = "0197a2c3-0000-7000-8000-000000000001";
  mail.mail_from = "bounce@sender.test";
  mail.recipients = std::move(recipients);
  mail.content = std::make_shared<const std::string>("Subject: x\r\n\r\nhello\r\n");
  return mail;
}

segmentflow::OutgoingMail mail_with(std::string content) {
  auto mail = mail_to({"primary@example.test"});
  mail.content = std::make_shared<const std::string>(std::move(content));
  return mail;
}

void say_go(std::function<void(bool)> go) {
  go(true);
}

segmentflow::MailTransport::Done Outcome::done() {
  return [promise = promise_](segmentflow::MailOutcome outcome) {
    promise->set_value(std::move(outcome));  // throws when it comes twice
  };
}

segmentflow::MailOutcome Outcome::wait() {
  require(future_.wait_for(kPatience) == std::future_status::ready, "no outcome");
  return future_.get();
}

segmentflow::MailOutcome deliver(transport::smtp::SmtpTransport& transport,
                                 segmentflow::OutgoingMail mail) {
  Outcome outcome;
  transport.send(std::move(mail), say_go, outcome.done());
  return outcome.wait();
}

}  // namespace smtp_test
