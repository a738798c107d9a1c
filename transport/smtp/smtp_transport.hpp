// Delivery through an SMTP relay (RFC 5321): a pool of reused connections on a thread of its own.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <tl/expected.hpp>

#include "core/delivery/mail_transport.hpp"
#include "transport/smtp/smtp_options.hpp"

namespace transport::smtp {

// The name to greet with: that of the options, else this machine's where it is a full one (RFC 5321
// §2.3.5), else "": then a session greets with its address.
std::string machine_name(const SmtpOptions& options);

// How outcomes are decided, beyond the contract of MailTransport:
// - What goes wrong before MAIL (connect, greeting, EHLO, TLS, AUTH), be it 4xx or 5xx, is about
//   the relay or our settings: Deferred, NotStarted, and new connections pause (after 421 too).
//   While they pause and none is open, mails are Deferred at once instead of waiting; so are those
//   that wait for a relay that has been silent for `silence_noticed`, while its sessions go on.
//   5xx, a certificate that cannot be trusted and what the relay does not offer set `refuses_us`.
// - A refusal of MAIL, the primary recipient or DATA: 5xx Rejected, 4xx Deferred, EnvelopeSent.
// - One that is about our settings, by the table of refusal.cpp, also of the final dot:
//   `refuses_us`, Deferred, NotStarted.
// - Content or addresses that SMTP or this relay cannot carry: Rejected, NotStarted.
// - From the first byte of the final dot until its reply: Unknown, DotWritten.
// - A used connection that ended before any answer to MAIL, that refused MAIL, or that says before
//   354 that it takes no more mails (421, "too many messages in this connection"): the mail is
//   tried once on a new one before the refusal counts.
// - 421 after a refusal of this mail: the refusal counts.
// `done` and `before_dot` run on the transport's thread and must not block; `done` comes after `go`
// was called, except when the caller lets `timeouts.before_dot` pass or shut-down runs out of
// patience.
class SmtpTransport final : public segmentflow::MailTransport {
 public:
  // Starts the thread; connects when the first mail comes. The error is a sentence for the
  // operator: a file of certificate authorities that cannot be read, no host.
  static tl::expected<std::unique_ptr<SmtpTransport>, std::string> create(SmtpOptions options);

  // What create() would refuse, as a sentence; nullopt = nothing.
  static std::optional<std::string> problem(const SmtpOptions& options);

  // What a session comes to that carries no mail: connect, TLS, EHLO, AUTH, QUIT.
  struct Probe {
    std::optional<segmentflow::MailOutcome> failure;  // as mails would get it; nullopt: all is well
    bool secure = false;
    std::string hello_name;  // that was said
  };
  // Blocks, for no longer than `patience` and a little.
  static Probe probe(const SmtpOptions& options, std::chrono::milliseconds patience);

  // Shuts down without patience when shut_down was not called.
  ~SmtpTransport() override;

  void send(segmentflow::OutgoingMail mail, BeforeDot before_dot, Done done) override;

  std::optional<segmentflow::PeerSilence> silence() const override;

  // Not from within `done` or `before_dot`.
  void shut_down(std::chrono::milliseconds patience) override;

 private:
  struct Impl;
  explicit SmtpTransport(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace transport::smtp
