// STARTTLS, implicit TLS and AUTH: what is secret stays so.
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>

#include <catch2/catch.hpp>

#include "tests/unit/smtp/fake_server.hpp"

using namespace smtp_test;
using segmentflow::MailOutcome;
using segmentflow::MailPhase;
using segmentflow::MailResult;
using transport::smtp::SmtpOptions;
using transport::smtp::TlsMode;

namespace {

// base64 of "\0user\0s3cret", "user" and "s3cret"
constexpr const char* kPlain = "AUTH PLAIN AHVzZXIAczNjcmV0";
constexpr const char* kUser = "dXNlcg==";
constexpr const char* kPassword = "czNjcmV0";

// Offers STARTTLS until it is spoken; `after_220` comes in plain text behind the 220.
Polite starttls_server(std::string after_220 = "") {
  Polite polite;
  polite.extensions = {"PIPELINING", "STARTTLS", "AUTH LOGIN PLAIN"};
  polite.hook = [after_220, log = polite.log](Wire& wire, const std::string& command) {
    if (command == "STARTTLS") {
      wire.raw("220 go\r\n" + after_220);
      wire.start_tls();
      return true;
    }
    if (command.starts_with("EHLO") && wire.secure()) {
      wire.say("250-fake.test\r\n250-PIPELINING\r\n250 AUTH PLAIN LOGIN");
      log->add("(secure EHLO)");
      return true;
    }
    if (command.starts_with("AUTH")) wire.say("235 2.7.0 welcome");
    return command.starts_with("AUTH");
  };
  return polite;
}

MailOutcome deliver_with(FakeServer& server, const std::function<void(SmtpOptions&)>& change) {
  auto options = options_for(server);
  change(options);
  return deliver(*transport_for(std::move(options)), mail_to({"primary@example.test"}));
}

void log_in(SmtpOptions& options) {
  options.user = "user";
  options.password = "s3cret";
}

void check_not_sent(const MailOutcome& outcome) {
  CHECK(outcome.result == MailResult::Deferred);
  CHECK(outcome.phase == MailPhase::NotStarted);
  CHECK_FALSE(outcome.detail.empty());
  CHECK(outcome.detail.find("s3cret") == std::string::npos);
  CHECK(outcome.reply.text.find(kPassword) == std::string::npos);
}

// An IPv4 address of this machine that is not a loopback one; "" when it has none.
std::string outer_address() {
  ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0) return {};
  std::string found;
  for (const ifaddrs* one = all; one != nullptr && found.empty(); one = one->ifa_next) {
    const bool loopback = (one->ifa_flags & IFF_LOOPBACK) != 0;
    if (loopback || one->ifa_addr == nullptr || one->ifa_addr->sa_family != AF_INET) continue;
    char text[INET_ADDRSTRLEN] = {};
    const auto* address = reinterpret_cast<const sockaddr_in*>(one->ifa_addr);
    if (::inet_ntop(AF_INET, &address->sin_addr, text, sizeof text) != nullptr) found = text;
  }
  ::freeifaddrs(all);
  return found;
}

}  // namespace

TEST_CASE("STARTTLS is used when offered, with a second EHLO") {
  const Certificate certificate;
  const auto polite = starttls_server();
  FakeServer server(polite, certificate.server_context());
  CHECK(deliver_with(server, [](auto&) {}).result == MailResult::Accepted);
  CHECK(polite.log->count("(secure EHLO)") == 1);
  CHECK(polite.log->count("EHLO") == 2);
}

TEST_CASE("tls=off does not use STARTTLS") {
  const Certificate certificate;
  const auto polite = starttls_server();
  FakeServer server(polite, certificate.server_context());
  const auto outcome = deliver_with(server, [](auto& options) { options.tls = TlsMode::Off; });
  CHECK(outcome.result == MailResult::Accepted);
  CHECK(polite.log->count("STARTTLS") == 0);
}

TEST_CASE("replies injected behind the 220 of STARTTLS are forgotten") {
  const Certificate certificate;
  // In the place of the secure EHLO's reply it would turn everything that follows by one.
  const auto polite = starttls_server("250-evil\r\n250 SIZE 1\r\n");
  FakeServer server(polite, certificate.server_context());
  const auto outcome = deliver_with(server, [](auto&) {});
  if (outcome.result == MailResult::Accepted) {
    CHECK(polite.log->count("(secure EHLO)") == 1);
    CHECK(outcome.reply.text == "queued as 1");
  } else {
    // The injected bytes came in a packet of their own: they spoil the TLS handshake.
    check_not_sent(outcome);
  }
}

TEST_CASE("tls=required verifies the certificate against the given authority") {
  const Certificate certificate;
  const auto polite = starttls_server();
  FakeServer server(polite, certificate.server_context());
  const auto trusted = deliver_with(server, [&](auto& options) {
    options.tls = TlsMode::Required;
    options.ca_file = certificate.file();
  });
  CHECK(trusted.result == MailResult::Accepted);
  const int before = polite.log->count("(secure EHLO)");
  check_not_sent(deliver_with(server, [](auto& options) { options.tls = TlsMode::Required; }));
  const Certificate other;
  check_not_sent(deliver_with(server, [&](auto& options) {
    options.tls = TlsMode::Required;
    options.ca_file = other.file();
  }));
  CHECK(polite.log->count("(secure EHLO)") == before);
}

TEST_CASE("the certificate must be that of the host") {
  const Certificate certificate;
  const auto polite = starttls_server();
  FakeServer server(polite, certificate.server_context(), FakeServer::Where::Everywhere);
  check_not_sent(deliver_with(server, [&](auto& options) {
    options.host = "127.0.0.2";
    options.tls = TlsMode::Required;
    options.ca_file = certificate.file();
  }));
}

TEST_CASE("tls=required refuses a relay without STARTTLS, also one that takes the offer back") {
  Polite without;
  FakeServer plain(without);
  check_not_sent(deliver_with(plain, [](auto& options) { options.tls = TlsMode::Required; }));
  Polite unwilling = starttls_server();
  unwilling.hook = [](Wire& wire, const std::string& command) {
    if (command == "STARTTLS") wire.say("454 4.7.0 not now");
    return command == "STARTTLS";
  };
  FakeServer server(unwilling);
  check_not_sent(deliver_with(server, [](auto& options) { options.tls = TlsMode::Required; }));
  CHECK(unwilling.log->count("MAIL") == 0);
  CHECK(deliver_with(server, [](auto&) {}).result == MailResult::Accepted);
}

TEST_CASE("smtps speaks TLS from the first byte and verifies") {
  const Certificate certificate;
  Polite polite;
  polite.hook = [](Wire& wire, const std::string& command) {
    if (command == "BANNER") wire.start_tls();
    return false;
  };
  FakeServer server(polite, certificate.server_context());
  const auto secure = [&](auto& options) {
    options.tls = TlsMode::Implicit;
    options.ca_file = certificate.file();
  };
  CHECK(deliver_with(server, secure).result == MailResult::Accepted);
  check_not_sent(deliver_with(server, [](auto& options) { options.tls = TlsMode::Implicit; }));
}

TEST_CASE("AUTH PLAIN goes over TLS, after the second EHLO") {
  const Certificate certificate;
  const auto polite = starttls_server();
  FakeServer server(polite, certificate.server_context());
  CHECK(deliver_with(server, log_in).result == MailResult::Accepted);
  const auto lines = polite.log->lines();
  CHECK(lines[3] == "(secure EHLO)");
  CHECK(lines[4] == kPlain);
}

TEST_CASE("AUTH LOGIN is spoken when PLAIN is not offered") {
  Polite polite;
  polite.extensions = {"AUTH LOGIN"};
  polite.hook = [](Wire& wire, const std::string& command) {
    if (command == "AUTH LOGIN") wire.say("334 VXNlcm5hbWU6");
    if (command == kUser) wire.say("334 UGFzc3dvcmQ6");
    if (command == kPassword) wire.say("235 2.7.0 welcome");
    return command == "AUTH LOGIN" || command == kUser || command == kPassword;
  };
  FakeServer server(polite);
  CHECK(deliver_with(server, log_in).result == MailResult::Accepted);
  CHECK(polite.log->count(kPassword) == 1);
}

TEST_CASE("a refused login defers the mail and repeats no secret") {
  Polite polite;
  polite.extensions = {"AUTH PLAIN"};
  polite.hook = [](Wire& wire, const std::string& command) {
    if (command.starts_with("AUTH")) wire.say("535 5.7.8 bad login: " + command + " s3cret");
    return command.starts_with("AUTH");
  };
  FakeServer server(polite);
  const auto outcome = deliver_with(server, log_in);
  check_not_sent(outcome);
  CHECK(outcome.reply.code == 535);
  CHECK(outcome.reply.text.find("s3cret") == std::string::npos);
}

TEST_CASE("a relay without AUTH is not used when there is a user") {
  Polite polite;
  FakeServer server(polite);
  check_not_sent(deliver_with(server, log_in));
  CHECK(polite.log->count("MAIL") == 0);
}

TEST_CASE("a file of authorities that cannot be read is an error at once") {
  SmtpOptions options;
  options.host = "127.0.0.1";
  options.ca_file = "/nonexistent/ca.pem";
  const auto created = transport::smtp::SmtpTransport::create(options);
  REQUIRE_FALSE(created);
  CHECK(created.error().find("/nonexistent/ca.pem") != std::string::npos);
}

TEST_CASE("a password leaves the machine neither in plain text nor to an unproved relay") {
  const std::string outer = outer_address();
  if (outer.empty()) {
    WARN("not checked: this machine has no address beside loopback ones");
    return;
  }
  const Certificate certificate;
  const auto secret = [&](auto& options) {
    log_in(options);
    options.host = outer;
  };
  const auto insecure = [&](auto& options) {
    secret(options);
    options.insecure_auth = true;
  };
  Polite plain;
  plain.extensions = {"AUTH PLAIN"};
  plain.hook = [](Wire& wire, const std::string& command) {
    if (command.starts_with("AUTH")) wire.say("235 2.7.0 welcome");
    return command.starts_with("AUTH");
  };
  const auto starttls = starttls_server();
  for (const Polite& polite : {plain, starttls}) {
    FakeServer server(polite, certificate.server_context(), FakeServer::Where::Everywhere);
    check_not_sent(deliver_with(server, secret));
    CHECK(polite.log->count("AUTH") == 0);
    CHECK(deliver_with(server, insecure).result == MailResult::Accepted);
    CHECK(polite.log->count(kPlain) == 1);
  }
}

TEST_CASE("a refused offer of STARTTLS leaves plain text when TLS is not required") {
  Polite polite = starttls_server();
  polite.hook = [](Wire& wire, const std::string& command) {
    if (command == "STARTTLS") wire.say("502 5.5.1 not really");
    return command == "STARTTLS";
  };
  FakeServer server(polite);
  CHECK(deliver_with(server, [](auto&) {}).result == MailResult::Accepted);
}
