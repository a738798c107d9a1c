// What is wrong with a certificate, in the words of an operator.
#pragma once

#include <string>
#include <string_view>

struct ssl_st;
struct x509_store_ctx_st;

namespace transport::smtp {

// Names of a certificate that are told; it may hold hundreds.
inline constexpr int kCertificateNamesTold = 8;

// Makes a handshake verify that the certificate is that of `host`, a name or an address (RFC 6125).
void expect_certificate_of(ssl_st* tls, const std::string& host);

// Follows the name of the peer: "offered a certificate for mail.example.org, and not for
// localhost". `found` is what the verification stopped at; `ca_file` as in SmtpOptions.
std::string certificate_problem(x509_store_ctx_st* found, std::string_view host,
                                std::string_view ca_file);

}  // namespace transport::smtp
