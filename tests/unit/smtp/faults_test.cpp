// What a server can do wrong at each step, and what the outcome must then say.
#include <catch2/catch.hpp>

#include "tests/unit/smtp/fake_server.hpp"

using namespace smtp_test;
using segmentflow::MailPhase;
using segmentflow::MailResult;
using transport::smtp::SmtpOptions;

namespace {

enum class Act { Reset, Finish, Garbage, Closing421, Transient, Permanent, LongLine, Stall };
constexpr Act kActs[] = {Act::Reset,     Act::Finish,    Act::Garbage,  Act::Closing421,
                         Act::Transient, Act::Permanent, Act::LongLine, Act::Stall};
constexpr const char* kActNames[] = {"RST", "FIN", "garbage", "421",
                                     "4xx", "5xx", "64 KB",   "stall"};

void perform(Wire& wire, Act act) {
  switch (act) {
    case Act::Reset:
      wire.reset();
      throw Gone{};
    case Act::Finish:
      wire.finish();
      wire.wait_for_end();
      break;
    case Act::Garbage:
      wire.raw("\x01\xff what?\r\n");
      break;
    case Act::Closing421:
      wire.say("421 4.3.2 closing");
      wire.finish();
      wire.wait_for_end();
      break;
    case Act::Transient:
      wire.say("451 4.7.1 later");
      break;
    case Act::Permanent:
      wire.say("550 5.7.1 never");
      break;
    case Act::LongLine:
      wire.raw(std::string(64 << 10, 'x'));
      break;
    case Act::Stall:
      wire.wait_for_end();
      break;
  }
}

struct Expected {
  MailResult result;
  MailPhase phase;
};

Expected expected_at(const std::string& stage, Act act) {
  if (stage == "EHLO" && act == Act::Permanent) return {MailResult::Accepted, MailPhase::Replied};
  if (stage == "BANNER" || stage == "EHLO") return {MailResult::Deferred, MailPhase::NotStarted};
  // At MAIL the relay has heard of nothing but us.
  if (stage == "MAIL" && act == Act::Permanent)
    return {MailResult::Deferred, MailPhase::NotStarted};
  const bool after_dot = stage == ".";
  const bool replied = act == Act::Closing421 || act == Act::Transient || act == Act::Permanent;
  if (after_dot && !replied) return {MailResult::Unknown, MailPhase::DotWritten};
  return {act == Act::Permanent ? MailResult::Rejected : MailResult::Deferred,
          after_dot ? MailPhase::Replied : MailPhase::EnvelopeSent};
}

void shorten(SmtpOptions& options, const std::string& stage) {
  const std::chrono::milliseconds tiny{30};
  if (stage == "BANNER") options.timeouts.banner = tiny;
  if (stage == "EHLO") options.timeouts.ehlo = tiny;
  if (stage == "MAIL") options.timeouts.mail = tiny;
  if (stage == "RCPT") options.timeouts.rcpt = tiny;
  if (stage == "DATA") options.timeouts.data = tiny;
  if (stage == ".") options.timeouts.dot = tiny;
}

segmentflow::MailOutcome provoke(const std::string& stage, Act act, bool pipelining) {
  Polite polite;
  if (!pipelining) polite.extensions = {"8BITMIME"};
  polite.hook = [&](Wire& wire, const std::string& command) {
    if (!command.starts_with(stage)) return false;
    perform(wire, act);
    return true;
  };
  FakeServer server(polite);
  auto options = options_for(server);
  if (act == Act::Stall) shorten(options, stage);
  return deliver(*transport_for(std::move(options)), mail_to({"primary@example.test"}));
}

}  // namespace

TEST_CASE("each fault at each step gives its result and phase") {
  for (const bool pipelining : {true, false}) {
    for (const std::string stage : {"BANNER", "EHLO", "MAIL", "RCPT", "DATA", "."}) {
      for (const Act act : kActs) {
        INFO(stage << " " << kActNames[static_cast<int>(act)] << " pipelining " << pipelining);
        const auto outcome = provoke(stage, act, pipelining);
        const auto expected = expected_at(stage, act);
        CHECK(static_cast<int>(outcome.result) == static_cast<int>(expected.result));
        CHECK(static_cast<int>(outcome.phase) == static_cast<int>(expected.phase));
        CHECK(outcome.peer.starts_with("127.0.0.1:"));
        CHECK((outcome.reply.code != 0 || !outcome.detail.empty()));
      }
    }
  }
}

TEST_CASE("a fault within the content is known to be before the dot") {
  for (const Act act : {Act::Reset, Act::Finish, Act::Garbage, Act::Closing421, Act::Transient,
                        Act::Permanent, Act::LongLine}) {
    INFO(kActNames[static_cast<int>(act)]);
    Signal acted;
    Polite polite;
    polite.hook = [&](Wire& wire, const std::string& command) {
      if (command != "BODY") return false;
      wire.some();
      if (act == Act::Reset) wire.reset();
      if (act == Act::Finish || act == Act::Closing421) {
        if (act == Act::Closing421) wire.say("421 4.3.2 closing");
        wire.finish();
      }
      if (act != Act::Reset && act != Act::Finish && act != Act::Closing421) perform(wire, act);
      acted.raise();
      wire.wait_for_end();
      return true;
    };
    FakeServer server(polite);
    auto transport = transport_for(options_for(server));
    std::promise<std::function<void(bool)>> asked;
    Outcome pending;
    transport->send(
        mail_to({"primary@example.test"}),
        [&](std::function<void(bool)> go) { asked.set_value(std::move(go)); }, pending.done());
    const auto go = asked.get_future().get();
    acted.wait();
    go(true);
    const auto outcome = pending.wait();
    CHECK(outcome.phase == MailPhase::EnvelopeSent);
    CHECK(outcome.result == (act == Act::Permanent ? MailResult::Rejected : MailResult::Deferred));
  }
}

TEST_CASE("a server that stops reading defers the mail when a block takes too long") {
  Polite polite;
  Signal over;
  polite.hook = [&](Wire&, const std::string& command) {
    if (command != "BODY") return false;
    over.wait();
    throw Gone{};
  };
  FakeServer server(polite);
  auto options = options_for(server);
  options.timeouts.block = std::chrono::milliseconds{200};
  auto transport = transport_for(std::move(options));
  std::string content;
  while (content.size() < (9u << 20)) content += std::string(900, 'x') + "\r\n";
  const auto outcome = deliver(*transport, mail_with(std::move(content)));
  over.raise();
  CHECK(outcome.result == MailResult::Deferred);
  CHECK(outcome.phase == MailPhase::EnvelopeSent);
}

TEST_CASE("a refused connection defers the mail and all that wait") {
  std::uint16_t port = 0;
  {
    const FakeServer gone(Polite{});
    port = gone.port();
  }
  transport::smtp::SmtpOptions options;
  options.host = "127.0.0.1";
  options.port = port;
  auto transport = transport_for(std::move(options));
  std::vector<Outcome> outcomes(50);
  for (auto& outcome : outcomes) {
    transport->send(mail_to({"primary@example.test"}), say_go, outcome.done());
  }
  for (auto& pending : outcomes) {
    const auto outcome = pending.wait();
    CHECK(outcome.result == MailResult::Deferred);
    CHECK(outcome.phase == MailPhase::NotStarted);
    CHECK(outcome.detail.find("refused the connection") != std::string::npos);
  }
}

TEST_CASE("an answer to the dot that is no answer leaves the outcome unknown") {
  Polite polite;
  polite.hook = [](Wire& wire, const std::string& command) {
    if (command == ".") wire.say("354 again?");
    return command == ".";
  };
  FakeServer server(polite);
  const auto outcome =
      deliver(*transport_for(options_for(server)), mail_to({"primary@example.test"}));
  CHECK(outcome.result == MailResult::Unknown);
  CHECK(outcome.reply.code == 354);
}
