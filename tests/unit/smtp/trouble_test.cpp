// Relays that cannot be had: dead addresses, silence, certificates, replies without an end; and
// what is told of them.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

#include "tests/unit/smtp/fake_server.hpp"
#include "transport/smtp/dialer.hpp"
#include "transport/smtp/reply.hpp"

using namespace smtp_test;
using boost::asio::ip::make_address;
using boost::asio::ip::tcp;
using segmentflow::MailOutcome;
using segmentflow::MailPhase;
using segmentflow::MailResult;
using segmentflow::MailStage;
using std::chrono::milliseconds;
using transport::smtp::Dialer;
using transport::smtp::Endpoints;
using transport::smtp::SmtpOptions;
using transport::smtp::SmtpTransport;
using transport::smtp::TlsMode;

namespace {

// A port of 127.0.0.1 on which nobody answers: its queue is full, so that the kernel drops what
// comes.
class DeadPort {
 public:
  DeadPort() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    REQUIRE(::bind(listener_, generic, length) == 0);
    REQUIRE(::listen(listener_, 0) == 0);
    REQUIRE(::getsockname(listener_, generic, &length) == 0);
    port_ = ntohs(address.sin_port);
    for (int& filler : fillers_) {
      filler = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
      ::connect(filler, generic, length);
    }
  }
  ~DeadPort() {
    for (const int filler : fillers_) ::close(filler);
    ::close(listener_);
  }
  DeadPort(const DeadPort&) = delete;
  DeadPort& operator=(const DeadPort&) = delete;
  std::uint16_t port() const { return port_; }

 private:
  int listener_;
  int fillers_[4] = {-1, -1, -1, -1};
  std::uint16_t port_ = 0;
};

tcp::endpoint local(std::uint16_t port) {
  return {make_address("127.0.0.1"), port};
}

boost::asio::awaitable<void> dial(std::shared_ptr<Dialer> dialer, std::uint16_t& reached) {
  const auto socket = co_await dialer->run();
  if (socket) reached = socket->remote_endpoint().port();
}

// The port of the address that was reached, 0 for none.
std::uint16_t reach(Endpoints addresses, milliseconds stagger, std::string* failure = nullptr) {
  boost::asio::io_context loop(1);
  const auto dialer = std::make_shared<Dialer>(loop, std::move(addresses), stagger);
  std::uint16_t reached = 0;
  boost::asio::co_spawn(loop, dial(dialer, reached), [](const std::exception_ptr& defect) {
    if (defect) std::rethrow_exception(defect);
  });
  loop.run();
  if (failure != nullptr) *failure = dialer->failure();
  return reached;
}

std::uint16_t closed_port() {
  const FakeServer gone(Polite{});
  return gone.port();
}

MailOutcome deliver_with(const FakeServer& server,
                         const std::function<void(SmtpOptions&)>& change) {
  auto options = options_for(server);
  change(options);
  return deliver(*transport_for(std::move(options)), mail_to({"primary@example.test"}));
}

bool says(const std::string& text, const std::string& words) {
  INFO(text);
  return text.find(words) != std::string::npos;
}

// Takes the connection and says nothing.
void silent(Wire& wire, int) {
  wire.wait_for_end();
}

}  // namespace

TEST_CASE("a dead address does not keep mail from the next one") {
  const DeadPort dead;
  FakeServer server(Polite{});
  CHECK(reach({local(dead.port()), local(server.port())}, milliseconds{1}) == server.port());
  CHECK(reach({local(dead.port()), local(dead.port()), local(server.port())}, milliseconds{1}) ==
        server.port());
}

TEST_CASE("an address that refuses gives way to the next one at once") {
  FakeServer server(Polite{});
  const milliseconds never{3'600'000};
  CHECK(reach({local(closed_port()), local(server.port())}, never) == server.port());
  std::string failure;
  CHECK(reach({local(closed_port()), local(closed_port())}, never, &failure) == 0);
  CHECK(failure == "refused the connection");
}

TEST_CASE("addresses are tried in turns of their families, the one that worked first") {
  const auto four = [](const char* text) { return tcp::endpoint(make_address(text), 25); };
  const Endpoints found{four("2001:db8::1"), four("2001:db8::2"), four("192.0.2.1"),
                        four("192.0.2.2")};
  CHECK(transport::smtp::in_dialing_order(found, "") ==
        Endpoints{found[0], found[2], found[1], found[3]});
  CHECK(transport::smtp::in_dialing_order(found, "192.0.2.2") ==
        Endpoints{found[3], found[0], found[2], found[1]});
}

TEST_CASE("a relay behind a dead name is told, and one that refuses connections") {
  auto options = SmtpOptions();
  options.host = "127.0.0.1";
  options.port = closed_port();
  const auto refused = deliver(*transport_for(options), mail_to({"primary@example.test"}));
  CHECK(refused.detail == options.peer() + " refused the connection.");
  CHECK(refused.stage == MailStage::Connect);
  CHECK_FALSE(refused.refuses_us);
  const DeadPort dead;
  options.port = dead.port();
  options.timeouts.connect = milliseconds{30};
  const auto late = deliver(*transport_for(options), mail_to({"primary@example.test"}));
  CHECK(late.detail == options.peer() + " could not be reached in time.");
}

TEST_CASE("a machine without a full name greets with its address") {
  Polite polite;
  FakeServer server(polite);
  const auto outcome = deliver_with(server, [](auto& options) { options.hello_name.clear(); });
  CHECK(outcome.result == MailResult::Accepted);
  const std::string name = transport::smtp::machine_name({});
  CHECK(polite.log->lines()[0] == "EHLO " + (name.empty() ? "[127.0.0.1]" : name));
}

TEST_CASE("a long refusal after the dot counts") {
  for (const std::string& reply :
       {"550 5.7.1 " + std::string(2'100, 'x'), "550 5.7.1 " + std::string(70'000, 'x')}) {
    Polite polite;
    polite.hook = [&](Wire& wire, const std::string& command) {
      if (command == ".") wire.say(reply);
      return command == ".";
    };
    FakeServer server(polite);
    const auto outcome = deliver_with(server, [](auto&) {});
    CHECK(outcome.result == MailResult::Rejected);
    CHECK(outcome.reply.code == 550);
    CHECK(outcome.reply.text.size() <= transport::smtp::kReplyTextBytesMax);
  }
}

TEST_CASE("an answer to the dot that never ends is the answer that it began as") {
  for (const bool closes : {true, false}) {
    for (const std::string code : {"250", "550"}) {
      Polite polite;
      polite.hook = [&](Wire& wire, const std::string& command) {
        if (command != ".") return false;
        wire.raw(code + "-first line\r\n" + code + " and no en");
        if (closes) wire.finish();
        wire.wait_for_end();
        return true;
      };
      FakeServer server(polite);
      const auto outcome = deliver_with(server, [&](auto& options) {
        if (!closes) options.timeouts.dot = milliseconds{30};
      });
      CHECK(outcome.result == (code == "250" ? MailResult::Accepted : MailResult::Rejected));
      CHECK(outcome.phase == MailPhase::Replied);
    }
  }
}

TEST_CASE("a session goes on after a long reply, and ends after one without an end") {
  for (const bool endless : {false, true}) {
    Polite polite;
    polite.hook = [&](Wire& wire, const std::string& command) {
      if (command == ".") wire.say("250 " + std::string(endless ? 70'000 : 3'000, 'x'));
      return command == ".";
    };
    FakeServer server(polite);
    auto transport = transport_for(options_for(server));
    for (int i = 0; i < 2; ++i) {
      CHECK(deliver(*transport, mail_to({"primary@example.test"})).result == MailResult::Accepted);
    }
    CHECK(server.connections() == (endless ? 2 : 1));
  }
}

TEST_CASE("a relay that says nothing is told while its time-outs go on") {
  FakeServer server(silent);
  auto options = options_for(server);
  options.silence_noticed = milliseconds{100};
  auto transport = transport_for(options);
  CHECK_FALSE(transport->silence());
  Outcome pending;
  transport->send(mail_to({"primary@example.test"}), say_go, pending.done());
  auto silence = transport->silence();
  while (!silence || silence->stage != MailStage::Greeting) {
    std::this_thread::yield();
    silence = transport->silence();
  }
  CHECK(silence->peer == options.peer());
  CHECK(silence->lasting >= options.silence_noticed);
  CHECK(says(silence->sentence, " s, waiting for its greeting"));
  CHECK(says(silence->sentence, "smtps://"));
  // The mail is given back and the session goes on waiting.
  const auto outcome = pending.wait();
  CHECK(outcome.result == MailResult::Deferred);
  CHECK(outcome.phase == MailPhase::NotStarted);
  CHECK(outcome.stage == MailStage::Greeting);
  CHECK(says(outcome.detail, "has said nothing for"));
  const auto next = deliver(*transport, mail_to({"primary@example.test"}));
  CHECK(says(next.detail, "has said nothing for"));
  CHECK(server.connections() == 1);
}

TEST_CASE("a mail does not wait for a silent relay beyond its deadline") {
  FakeServer server(silent);
  auto transport = transport_for(options_for(server));
  Outcome late;
  Outcome patient;
  auto mail = mail_to({"primary@example.test"});
  transport->send(mail, say_go, patient.done());
  mail.deadline = std::chrono::steady_clock::now() + milliseconds{20};
  transport->send(mail, say_go, late.done());
  const auto outcome = late.wait();
  CHECK(outcome.result == MailResult::Deferred);
  CHECK(outcome.phase == MailPhase::NotStarted);
  CHECK(outcome.stage == MailStage::Greeting);
  CHECK(says(outcome.detail, "has said nothing for"));
  transport->shut_down(milliseconds{0});
  CHECK(says(patient.wait().detail, "shutting down"));
}

TEST_CASE("a deadline ends a transaction before its dot and not after it") {
  for (const std::string stage : {"RCPT", "."}) {
    Signal reached;
    Signal go_on;
    Polite polite;
    polite.extensions = {"8BITMIME"};
    polite.hook = [&](Wire& wire, const std::string& command) {
      if (!command.starts_with(stage)) return false;
      reached.raise();
      if (stage == "RCPT") wire.wait_for_end();
      go_on.wait();
      wire.say("250 taken");
      return true;
    };
    FakeServer server(polite);
    auto transport = transport_for(options_for(server));
    auto mail = mail_to({"primary@example.test"});
    mail.deadline = std::chrono::steady_clock::now() + milliseconds{stage == "." ? 1'500 : 50};
    Outcome pending;
    transport->send(mail, say_go, pending.done());
    reached.wait();
    if (stage == ".") {
      while (std::chrono::steady_clock::now() <= mail.deadline) std::this_thread::yield();
      go_on.raise();
    }
    CHECK(pending.wait().result == (stage == "RCPT" ? MailResult::Deferred : MailResult::Accepted));
  }
}

TEST_CASE("what is wrong with a certificate is told with its names") {
  const Certificate certificate;
  const Certificate other;
  const auto tls = [](Wire& wire, int) {
    wire.start_tls();
    wire.wait_for_end();
  };
  FakeServer server(tls, certificate.server_context(), FakeServer::Where::Everywhere);
  const auto failure = [&](const std::string& host, const std::string& ca_file) {
    const auto outcome = deliver_with(server, [&](auto& options) {
      options.tls = TlsMode::Implicit;
      options.host = host;
      options.ca_file = ca_file;
    });
    CHECK(outcome.stage == MailStage::Tls);
    CHECK(outcome.refuses_us);
    CHECK(outcome.phase == MailPhase::NotStarted);
    return outcome.detail;
  };
  CHECK(says(failure("127.0.0.2", certificate.file()),
             "offered a certificate for localhost, 127.0.0.1, and not for 127.0.0.2"));
  CHECK(says(failure("127.0.0.1", ""), "self-signed certificate for localhost, 127.0.0.1"));
  CHECK(says(failure("127.0.0.1", ""), "this system's certificate authorities"));
  CHECK(says(failure("127.0.0.1", other.file()), other.file()));
}

TEST_CASE("an expired certificate is told with its day") {
  const Certificate certificate(-10 * 86'400, -86'400);
  FakeServer server([](Wire& wire, int) { wire.start_tls(); }, certificate.server_context());
  const auto outcome = deliver_with(server, [&](auto& options) {
    options.tls = TlsMode::Implicit;
    options.ca_file = certificate.file();
  });
  CHECK(says(outcome.detail, "expired"));
  CHECK(says(outcome.detail, " on 20"));
}

TEST_CASE("smtps to a port without TLS, and a plain session to one of TLS, are told apart") {
  FakeServer plain(Polite{});
  const auto no_tls = deliver_with(plain, [](auto& options) { options.tls = TlsMode::Implicit; });
  CHECK(says(no_tls.detail, "does not speak TLS on this port: write smtp://"));
  CHECK(no_tls.refuses_us);
  FakeServer server(silent);
  const auto no_banner =
      deliver_with(server, [](auto& options) { options.timeouts.banner = milliseconds{20}; });
  CHECK(says(no_banner.detail, "smtps://"));
  CHECK(no_banner.stage == MailStage::Greeting);
}

TEST_CASE("a refused session says where and with which codes") {
  const struct {
    std::string command, reply, words;
    MailStage stage;
  } all[] = {
      {"BANNER", "421 4.7.0 busy", "refused the session with 421 4.7.0 while greeting.",
       MailStage::Greeting},
      {"EHLO", "421", "refused the session with 421 while answering EHLO.", MailStage::Hello},
      {"STARTTLS", "454 4.3.0 later",
       "refused the session with 454 4.3.0 while answering STARTTLS.", MailStage::StartTls},
      {"AUTH", "535 5.7.3 nope",
       "refused the login with 535 5.7.3 while answering AUTH: ", MailStage::Auth},
  };
  for (const auto& one : all) {
    Polite polite;
    polite.extensions = {"STARTTLS", "AUTH PLAIN"};
    polite.hook = [&](Wire& wire, const std::string& command) {
      if (command.starts_with(one.command)) wire.say(one.reply);
      return command.starts_with(one.command);
    };
    FakeServer server(polite);
    const auto outcome = deliver_with(server, [&](auto& options) {
      if (one.command == "STARTTLS") options.tls = TlsMode::Required;
      if (one.command != "AUTH") return;
      options.tls = TlsMode::Off;
      options.user = "user";
      options.password = "s3cret";
    });
    CHECK(says(outcome.detail, one.words));
    CHECK(outcome.stage == one.stage);
    CHECK(outcome.refuses_us == (one.stage == MailStage::Auth));
  }
}

TEST_CASE("a probe opens a session and sends nothing") {
  Polite polite;
  polite.extensions = {"AUTH PLAIN"};
  polite.hook = [](Wire& wire, const std::string& command) {
    if (!command.starts_with("AUTH")) return false;
    wire.say(command.ends_with("AHVzZXIAczNjcmV0") ? "235 2.7.0 in" : "535 5.7.8 no");
    return true;
  };
  FakeServer server(polite);
  auto options = options_for(server);
  options.user = "user";
  options.password = "s3cret";
  const auto good = SmtpTransport::probe(options, milliseconds{60'000});
  CHECK_FALSE(good.failure);
  CHECK(good.hello_name == "client.test");
  CHECK_FALSE(good.secure);
  CHECK(polite.log->count("QUIT") == 1);
  CHECK(polite.log->count("MAIL") == 0);
  options.password = "other";
  const auto bad = SmtpTransport::probe(options, milliseconds{60'000});
  REQUIRE(bad.failure);
  CHECK(bad.failure->stage == MailStage::Auth);
  CHECK(says(bad.failure->detail, "refused the login with 535 5.7.8"));
}

TEST_CASE("a probe does not wait for long") {
  FakeServer server(silent);
  const auto probe = SmtpTransport::probe(options_for(server), milliseconds{500});
  REQUIRE(probe.failure);
  CHECK(probe.failure->stage == MailStage::Greeting);
  CHECK(says(probe.failure->detail, "did not answer within 0 s while waiting for its greeting"));
}

TEST_CASE("by default ten mails go through a connection") {
  Polite polite;
  FakeServer server(polite);
  auto transport = transport_for(options_for(server));
  for (int i = 0; i < 11; ++i) {
    CHECK(deliver(*transport, mail_to({"primary@example.test"})).result == MailResult::Accepted);
  }
  CHECK(server.connections() == 2);
}
