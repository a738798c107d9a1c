// The URL by which an operator names an SMTP relay.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "transport/smtp/smtp_options.hpp"

namespace transport::smtp {

inline constexpr std::size_t kUrlBytesMax = 4'096;
inline constexpr std::size_t kConnectionsLimit = 1'000;

// Reads smtp://user:password@host:port?options or smtps://…; user and password are percent-encoded.
// Ports: 25 for smtp, 465 for smtps. Options, each at most once:
//   tls=off|starttls|required  smtp only; default starttls = when offered. `required` refuses a
//   relay
//                              without STARTTLS and verifies its certificate. smtps always
//                              verifies.
//   ca=FILE                    PEM file of the certificate authorities to trust instead of the
//   system's connections=N              at most N connections at a time, 1 to kConnectionsLimit
//   (default 20) hello=NAME                 the host name to greet with insecure_auth=allow send
//   the password over plain text or to an unverified relay too
// The error is a sentence for the operator and never holds user or password.
tl::expected<SmtpOptions, std::string> parse_smtp_url(std::string_view url);

// The URL again, with *** for the password: for logs and status pages.
std::string redacted(const SmtpOptions& options);

}  // namespace transport::smtp
