// What an SMTP relay client is told: where, how secretly, how many connections, how patient.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace transport::smtp {

enum class TlsMode {
  Off,            // never, even when offered
  Opportunistic,  // STARTTLS when offered
  Required,       // STARTTLS or nothing, certificate verified
  Implicit,       // smtps: TLS from the first byte, certificate verified
};

// RFC 5321 §4.5.3.2, plus the steps that the RFC leaves to the client.
struct Timeouts {
  std::chrono::milliseconds connect{30'000};      // look-up of the name and TCP together
  std::chrono::milliseconds handshake{30'000};    // TLS
  std::chrono::milliseconds banner{300'000};      // §4.5.3.2.1
  std::chrono::milliseconds ehlo{300'000};        // also STARTTLS, AUTH and RSET
  std::chrono::milliseconds mail{300'000};        // §4.5.3.2.2
  std::chrono::milliseconds rcpt{300'000};        // §4.5.3.2.3
  std::chrono::milliseconds data{120'000};        // §4.5.3.2.4
  std::chrono::milliseconds block{180'000};       // §4.5.3.2.5, each write
  std::chrono::milliseconds dot{600'000};         // §4.5.3.2.6
  std::chrono::milliseconds before_dot{180'000};  // for the caller's go; the peer waits no longer
  std::chrono::milliseconds quit{5'000};
};

struct SmtpOptions {
  std::string host;  // name or address; IPv6 without brackets
  std::uint16_t port = 25;
  TlsMode tls = TlsMode::Opportunistic;
  std::string user;      // "" = no AUTH
  std::string password;  // a secret: in no message, log or outcome
  std::string ca_file;   // PEM; "" = the system's certificate authorities

  // A password goes only over TLS with a verified certificate, or to a loopback address. This
  // lifts it: also over plain text and to unverified certificates.
  bool insecure_auth = false;

  std::string
      hello_name;  // of EHLO; "" = this machine's, or its address where that is no full name
  std::size_t connections_max = 20;
  // Exim, the usual relay of a Debian machine, leaves the 11th and later mails of a connection to
  // its next queue run, half an hour later (smtp_accept_queue_per_connection).
  std::size_t messages_per_connection_max = 10;
  std::size_t mails_max = 20'000;  // waiting and under way; more are Deferred at once
  std::chrono::milliseconds idle_close{30'000};
  std::chrono::milliseconds pause_first{1'000};      // of new connections after 421 or a failed one
  std::chrono::milliseconds pause_max{60'000};       // the pause doubles up to this
  std::chrono::milliseconds address_stagger{250};    // between addresses, RFC 8305 §8
  std::chrono::milliseconds silence_noticed{5'000};  // told as silence; the time-outs go on
  Timeouts timeouts;

  // "host:port", as in MailOutcome::peer.
  std::string peer() const;
};

}  // namespace transport::smtp
