#include "transport/smtp/certificate.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>
#include <ctime>
#include <memory>
#include <vector>

namespace transport::smtp {
namespace {

// What a stranger wrote, for logs: printable ASCII.
std::string printable(std::string_view text) {
  std::string clean;
  for (const char c : text) clean += c > ' ' && c < 0x7f ? c : '?';
  return clean;
}

std::string text_of(const ASN1_STRING* string) {
  const auto* bytes = reinterpret_cast<const char*>(ASN1_STRING_get0_data(string));
  return printable({bytes, static_cast<std::size_t>(ASN1_STRING_length(string))});
}

std::string address_of(const ASN1_OCTET_STRING* octets) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = ASN1_STRING_length(octets) == 4 ? AF_INET : AF_INET6;
  if (family == AF_INET6 && ASN1_STRING_length(octets) != 16) return "?";
  const char* written =
      ::inet_ntop(family, ASN1_STRING_get0_data(octets), text.data(), text.size());
  return written != nullptr ? written : "?";
}

std::string common_name(const X509_NAME* name) {
  const int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
  if (at < 0) return "";
  return text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
}

// The names that count: those of the extension, else the common name (RFC 6125 §6.4.4).
std::vector<std::string> names_of(const X509* certificate) {
  std::vector<std::string> names;
  const std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)> found(
      static_cast<GENERAL_NAMES*>(
          X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)),
      &GENERAL_NAMES_free);
  for (int i = 0; found && i < sk_GENERAL_NAME_num(found.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(found.get(), i);
    if (name->type == GEN_DNS) names.push_back(text_of(name->d.dNSName));
    if (name->type == GEN_IPADD) names.push_back(address_of(name->d.iPAddress));
  }
  if (names.empty()) names.push_back(common_name(X509_get_subject_name(certificate)));
  return names;
}

std::string shown_names(const X509* certificate) {
  std::string shown;
  int told = 0;
  for (const auto& name : names_of(certificate)) {
    if (++told > kCertificateNamesTold) return shown + " and others";
    shown += told == 1 ? name : ", " + name;
  }
  return shown.empty() ? "no name" : shown;
}

std::string day(const ASN1_TIME* time) {
  std::tm when{};
  if (ASN1_TIME_to_tm(time, &when) != 1) return "an unknown day";
  return fmt::format("{:04}-{:02}-{:02}", when.tm_year + 1900, when.tm_mon + 1, when.tm_mday);
}

std::string authorities(std::string_view ca_file) {
  return ca_file.empty() ? "this system's certificate authorities" : fmt::format("{}", ca_file);
}

std::string issuer_of(X509_STORE_CTX* found) {
  const X509* last = X509_STORE_CTX_get_current_cert(found);
  if (last == nullptr) return "an unknown authority";
  const std::string name = common_name(X509_get_issuer_name(last));
  return name.empty() ? "an authority without a name" : fmt::format("\"{}\"", name);
}

}  // namespace

void expect_certificate_of(ssl_st* tls, const std::string& host) {
  X509_VERIFY_PARAM* wanted = SSL_get0_param(tls);
  // Gives 0 for what is no address.
  if (X509_VERIFY_PARAM_set1_ip_asc(wanted, host.c_str()) == 1) return;
  X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  X509_VERIFY_PARAM_set1_host(wanted, host.data(), host.size());
}

std::string certificate_problem(x509_store_ctx_st* found, std::string_view host,
                                std::string_view ca_file) {
  const int verdict = X509_STORE_CTX_get_error(found);
  const X509* own = X509_STORE_CTX_get0_cert(found);
  const X509* at = X509_STORE_CTX_get_current_cert(found);
  if (own == nullptr || at == nullptr) return X509_verify_cert_error_string(verdict);
  const std::string names = shown_names(own);
  switch (verdict) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return fmt::format(
          "offered a certificate for {}, and not for {}: write the name of the "
          "certificate in the SMTP URL",
          names, host);
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return fmt::format("offered a certificate for {} that expired, it or its authority's, on {}",
                         names, day(X509_get0_notAfter(at)));
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return fmt::format(
          "offered a certificate for {} that is valid, it or its authority's, only "
          "from {}",
          names, day(X509_get0_notBefore(at)));
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return fmt::format(
          "offered a self-signed certificate for {} that is not in {}: name its "
          "file with ca= in the SMTP URL",
          names, authorities(ca_file));
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return fmt::format(
          "offered a certificate for {} signed by {}, which is not in {}: name the "
          "file of its authority with ca= in the SMTP URL",
          names, issuer_of(found), authorities(ca_file));
    default:
      return fmt::format("offered a certificate for {} that cannot be trusted ({})", names,
                         X509_verify_cert_error_string(verdict));
  }
}

}  // namespace transport::smtp
