// Delivery through an SMTP relay (RFC 5321): a pool of reused connections on a thread of its own.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <tl/expected.hpp>

#include "core/delivery/mail_transport.hpp"
#include "transport/smtp/smtp_options.hpp"

namespace transport::smtp {

// How outcomes are decided, beyond the contract of MailTransport:
// - What goes wrong before MAIL (connect, greeting, EHLO, TLS, AUTH), be it 4xx or 5xx, concerns
// the
//   relay or our settings: Deferred, NotStarted, and new connections pause (also after 421). While
//   they pause and none is open, mails are Deferred at once instead of waiting.
// - A refusal of MAIL, the primary recipient or DATA: 5xx Rejected, 4xx Deferred, EnvelopeSent. 530
//   (authentication required) is Deferred.
// - Content or addresses that SMTP or this relay cannot carry: Rejected, NotStarted.
// - From the first byte of the final dot until its reply: Unknown, DotWritten.
// - A used connection that ended before any answer to MAIL: the mail is tried once on a new one.
// `done` and `before_dot` run on the transport's thread and must not block; `done` comes after `go`
// was called, except when the caller lets `timeouts.before_dot` pass or shut-down runs out of
// patience.
class SmtpTransport final : public segmentflow::MailTransport {
 public:
  // Starts the thread; connects when the first mail comes. The error is a sentence for the
  // operator: a file of certificate authorities that cannot be read, no host.
  static tl::expected<std::unique_ptr<SmtpTransport>, std::string> create(SmtpOptions options);

  // Shuts down without patience when shut_down was not called.
  ~SmtpTransport() override;

  void send(segmentflow::OutgoingMail mail, BeforeDot before_dot, Done done) override;

  // Not from within `done` or `before_dot`.
  void shut_down(std::chrono::milliseconds patience) override;

 private:
  struct Impl;
  explicit SmtpTransport(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace transport::smtp
