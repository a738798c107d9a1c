// The URL by which an operator names an SMTP relay.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "transport/smtp/smtp_options.hpp"

namespace transport::smtp {

inline constexpr std::size_t kUrlBytesMax = 4'096;
inline constexpr std::size_t kConnectionsLimit = 1'000;
inline constexpr std::size_t kMessagesLimit = 100'000;
inline constexpr std::size_t kSilenceSecondsLimit = 600;

// Reads smtp://user:password@host:port?options or smtps://…; user and password percent-encoded.
// Ports: 25 for smtp, 465 for smtps. Options, each at most once:
// - tls=off|starttls|required, smtp only, default starttls: when the relay offers it. `required`
//   refuses a relay without STARTTLS and verifies its certificate. smtps always verifies; starttls
//   does when there is a password to protect.
// - ca=FILE: PEM file of the certificate authorities to trust, not the system's.
// - connections=N: at most N connections at a time, 1 to kConnectionsLimit, default 20.
// - messages=N: at most N mails through one connection, 1 to kMessagesLimit, default 10.
// - silence=N: after so many seconds without an answer the relay is called silent, 1 to
//   kSilenceSecondsLimit, default 5.
// - hello=NAME: the name to greet with, instead of this machine's or its address.
// - insecure_auth=allow: send the password over plain text or to an unverified relay too.
// The error is a sentence for the operator and never holds user or password.
tl::expected<SmtpOptions, std::string> parse_smtp_url(std::string_view url);

// The URL again, with *** for the password: for logs and status pages.
std::string redacted(const SmtpOptions& options);

}  // namespace transport::smtp
