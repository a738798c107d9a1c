// Dialogues that go well, and refusals of parts of an envelope.
#include <catch2/catch.hpp>

#include "tests/unit/smtp/fake_server.hpp"

using namespace smtp_test;
using segmentflow::MailPhase;
using segmentflow::MailResult;

namespace {

// Answers commands that begin with `prefix` by `reply`.
std::function<bool(Wire&, const std::string&)> answering(std::string prefix, std::string reply) {
  return [=](Wire& wire, const std::string& command) {
    if (!command.starts_with(prefix)) return false;
    wire.say(reply);
    return true;
  };
}

segmentflow::MailOutcome deliver_to(const Polite& polite, segmentflow::OutgoingMail mail) {
  FakeServer server(polite);
  return deliver(*transport_for(options_for(server)), std::move(mail));
}

}  // namespace

TEST_CASE("an accepted mail: commands, content and reply") {
  Polite polite;
  const auto outcome = deliver_to(polite, mail_to({"primary@example.test"}));
  CHECK(outcome.result == MailResult::Accepted);
  CHECK(outcome.phase == MailPhase::Replied);
  CHECK(outcome.reply.code == 250);
  CHECK(outcome.reply.enhanced == "2.0.0");
  CHECK(outcome.reply.text == "queued as 1");
  CHECK(outcome.refused_copies.empty());
  const std::vector<std::string> expected{
      "EHLO client.test", "MAIL FROM:<bounce@sender.test> SIZE=21",
      "RCPT TO:<primary@example.test>", "DATA", "content:Subject: x\r\n\r\nhello\r\n"};
  auto heard = polite.log->lines();
  heard.resize(expected.size());
  CHECK(heard == expected);
}

TEST_CASE("envelope and DATA leave in one flight with PIPELINING and in turn without") {
  for (const bool pipelining : {true, false}) {
    Polite polite;
    if (!pipelining) polite.extensions = {"8BITMIME"};
    std::string flight;
    polite.hook = [&](Wire& wire, const std::string& command) {
      if (!command.starts_with("MAIL")) return false;
      if (!pipelining) return false;
      flight = wire.line() + "|" + wire.line();
      wire.say("250 ok\r\n250 ok\r\n354 go on");
      polite.log->add("content:" + wire.content());
      wire.say("250 taken");
      return true;
    };
    FakeServer server(polite);
    const auto outcome =
        deliver(*transport_for(options_for(server)), mail_to({"primary@example.test"}));
    CHECK(outcome.result == MailResult::Accepted);
    if (pipelining) CHECK(flight == "RCPT TO:<primary@example.test>|DATA");
  }
}

TEST_CASE("lines that begin with a dot arrive doubled") {
  Polite polite;
  const auto outcome = deliver_to(polite, mail_with(".first\r\nx\r\n.\r\n..two\r\nlast.\r\n"));
  CHECK(outcome.result == MailResult::Accepted);
  CHECK(polite.log->count("content:..first\r\nx\r\n..\r\n...two\r\nlast.\r\n") == 1);
}

TEST_CASE("content that no server may get is rejected before MAIL") {
  Polite polite;
  FakeServer server(polite);
  auto transport = transport_for(options_for(server));
  for (const std::string content : {"no end", "a\nb\r\n", "x\r\n.\n\r\n"}) {
    const auto outcome = deliver(*transport, mail_with(content));
    CHECK(outcome.result == MailResult::Rejected);
    CHECK(outcome.phase == MailPhase::NotStarted);
    CHECK_FALSE(outcome.detail.empty());
  }
  CHECK(deliver(*transport, mail_to({})).result == MailResult::Rejected);
  CHECK(deliver(*transport, mail_to({"a@b>\r\nDATA"})).result == MailResult::Rejected);
  CHECK(polite.log->count("MAIL") == 0);
}

TEST_CASE("extensions: eight bits, UTF-8 addresses, size") {
  Polite able;
  able.extensions = {"8BITMIME", "SMTPUTF8"};
  auto mail = mail_with("caf\xc3\xa9\r\n");
  CHECK(deliver_to(able, mail).result == MailResult::Accepted);
  CHECK(able.log->count("MAIL FROM:<bounce@sender.test> BODY=8BITMIME") == 1);
  CHECK(deliver_to(able, mail_to({"j\xc3\xb6rg@example.test"})).result == MailResult::Accepted);
  CHECK(able.log->count("MAIL FROM:<bounce@sender.test> SMTPUTF8") == 1);
  Polite unable;
  unable.extensions = {"SIZE 20"};
  CHECK(deliver_to(unable, mail).result == MailResult::Rejected);
  CHECK(deliver_to(unable, mail_to({"j\xc3\xb6rg@example.test"})).result == MailResult::Rejected);
  CHECK(deliver_to(unable, mail_to({"a@example.test"})).result == MailResult::Rejected);
  CHECK(unable.log->count("MAIL") == 0);
}

TEST_CASE("a bounce has an empty sender") {
  Polite polite;
  auto mail = mail_to({"primary@example.test"});
  mail.mail_from.clear();
  CHECK(deliver_to(polite, std::move(mail)).result == MailResult::Accepted);
  CHECK(polite.log->count("MAIL FROM:<>") == 1);
}

TEST_CASE("a refused copy is reported and the rest go out") {
  for (const bool pipelining : {true, false}) {
    Polite polite;
    if (!pipelining) polite.extensions = {"8BITMIME"};
    polite.hook = answering("RCPT TO:<copy1", "550 5.1.1 nobody");
    const auto outcome = deliver_to(
        polite, mail_to({"primary@example.test", "copy1@example.test", "copy2@example.test"}));
    CHECK(outcome.result == MailResult::Accepted);
    REQUIRE(outcome.refused_copies.size() == 1);
    CHECK(outcome.refused_copies[0].recipient == "copy1@example.test");
    CHECK(outcome.refused_copies[0].reply.code == 550);
    CHECK(outcome.refused_copies[0].reply.enhanced == "5.1.1");
    CHECK(polite.log->count("RCPT") == 3);
    CHECK(polite.log->count("content:") == 1);
  }
}

TEST_CASE("a refused primary recipient: RSET and nothing goes out to the copies") {
  for (const bool pipelining : {true, false}) {
    Polite polite;
    if (!pipelining) polite.extensions = {"8BITMIME"};
    polite.hook = answering("RCPT TO:<primary", "550 5.1.1 nobody");
    FakeServer server(polite);
    auto transport = transport_for(options_for(server));
    const auto refused =
        deliver(*transport, mail_to({"primary@example.test", "copy@example.test"}));
    CHECK(refused.result == MailResult::Rejected);
    CHECK(refused.phase == MailPhase::EnvelopeSent);
    CHECK(refused.reply.enhanced == "5.1.1");
    CHECK(deliver(*transport, mail_to({"other@example.test"})).result == MailResult::Accepted);
    CHECK(polite.log->count("RSET") == 1);
    CHECK(polite.log->count("content:") == 1);
    CHECK(server.connections() == 1);
  }
}

TEST_CASE("a server that wants content although the recipient was refused gets a lone dot") {
  Polite polite;
  polite.hook = [&](Wire& wire, const std::string& command) {
    if (command.starts_with("RCPT TO:<primary")) {
      wire.say("450 4.2.1 later");
      return true;
    }
    if (command != "DATA" || polite.log->count("RCPT TO:<primary") != polite.log->count("DATA")) {
      return false;
    }
    wire.say("354 go on");
    polite.log->add("lone:" + wire.content());
    wire.say("554 5.5.1 no recipients");
    return true;
  };
  FakeServer server(polite);
  auto transport = transport_for(options_for(server));
  const auto refused = deliver(*transport, mail_to({"primary@example.test"}));
  CHECK(refused.result == MailResult::Deferred);
  CHECK(refused.phase == MailPhase::EnvelopeSent);
  CHECK(refused.reply.code == 450);
  CHECK(deliver(*transport, mail_to({"other@example.test"})).result == MailResult::Accepted);
  CHECK(polite.log->lines()[4] == "lone:");
  CHECK(server.connections() == 1);
}

TEST_CASE("no lone dot when the recipient was accepted: it would be an empty mail") {
  Polite polite;
  polite.hook = [](Wire& wire, const std::string& command) {
    if (command.starts_with("MAIL")) wire.say("451 4.3.0 no");
    if (command.starts_with("RCPT")) wire.say("250 ok");
    if (command == "DATA") {
      wire.say("354 go on");
      wire.wait_for_end();
    }
    return !command.starts_with("EHLO") && command != "BANNER";
  };
  const auto outcome = deliver_to(polite, mail_to({"primary@example.test"}));
  CHECK(outcome.result == MailResult::Deferred);
  CHECK(outcome.reply.code == 451);
}

TEST_CASE("a relay that wants authentication defers the mail") {
  Polite polite;
  polite.hook = answering("MAIL", "530 5.7.0 authenticate first");
  const auto outcome = deliver_to(polite, mail_to({"primary@example.test"}));
  CHECK(outcome.result == MailResult::Deferred);
  CHECK(outcome.reply.code == 530);
}

TEST_CASE("the dot waits for go, which may come from any thread") {
  Polite polite;
  FakeServer server(polite);
  auto transport = transport_for(options_for(server));
  std::promise<std::function<void(bool)>> asked;
  Outcome pending;
  transport->send(
      mail_to({"primary@example.test"}),
      [&](std::function<void(bool)> go) { asked.set_value(std::move(go)); }, pending.done());
  const auto go = asked.get_future().get();
  CHECK(polite.log->count("content:") == 0);
  go(true);
  CHECK(pending.wait().result == MailResult::Accepted);
  transport.reset();
  go(true);  // late and harmless
}

TEST_CASE("without go the mail is given up") {
  Polite polite;
  FakeServer server(polite);
  auto transport = transport_for(options_for(server));
  Outcome refused;
  transport->send(mail_to({"primary@example.test"}), [](auto go) { go(false); }, refused.done());
  const auto outcome = refused.wait();
  CHECK(outcome.result == MailResult::Deferred);
  CHECK(outcome.phase == MailPhase::EnvelopeSent);
  CHECK_FALSE(outcome.detail.empty());
  Outcome thrown;
  transport->send(
      mail_to({"primary@example.test"}), [](const auto&) { throw std::runtime_error("no store"); },
      thrown.done());
  CHECK(thrown.wait().phase == MailPhase::EnvelopeSent);
  transport.reset();
  CHECK(polite.log->count("content:") == 0);
}

TEST_CASE("silence instead of go ends with a time-out before the dot") {
  Polite polite;
  FakeServer server(polite);
  auto options = options_for(server);
  options.timeouts.before_dot = std::chrono::milliseconds{20};
  auto transport = transport_for(std::move(options));
  Outcome pending;
  transport->send(mail_to({"primary@example.test"}), [](const auto&) {}, pending.done());
  const auto outcome = pending.wait();
  CHECK(outcome.result == MailResult::Deferred);
  CHECK(outcome.phase == MailPhase::EnvelopeSent);
}
