// Connections: reuse, repeats, limits, pauses, shut-down.
#include <catch2/catch.hpp>

#include <atomic>

#include "tests/unit/smtp/fake_server.hpp"

using namespace smtp_test;
using segmentflow::MailPhase;
using segmentflow::MailResult;
using std::chrono::milliseconds;

namespace {
constexpr milliseconds kLong{60'000};

segmentflow::OutgoingMail any_mail() {
  return mail_to({"primary@example.test"});
}
}  // namespace

TEST_CASE("a connection serves many mails, up to its limit") {
  Polite polite;
  FakeServer server(polite);
  auto options = options_for(server);
  options.messages_per_connection_max = 3;
  auto transport = transport_for(std::move(options));
  for (int i = 0; i < 7; ++i) CHECK(deliver(*transport, any_mail()).result == MailResult::Accepted);
  CHECK(server.connections() == 3);
  CHECK(polite.log->count("QUIT") == 2);
}

TEST_CASE("many mails at once are each delivered once over at most N connections") {
  Polite polite;
  FakeServer server(polite);
  auto options = options_for(server);
  options.connections_max = 4;
  options.messages_per_connection_max = 1'000;
  auto transport = transport_for(std::move(options));
  std::vector<Outcome> outcomes(300);
  for (auto& outcome : outcomes) transport->send(any_mail(), say_go, outcome.done());
  for (auto& outcome : outcomes) CHECK(outcome.wait().result == MailResult::Accepted);
  CHECK(polite.log->count("content:") == 300);
  CHECK(server.connections() <= 4);
}

TEST_CASE("a reused connection that died is replaced and the mail repeated once") {
  for (const bool with_farewell : {true, false}) {
    Signal closed;
    Polite polite;
    polite.hook = [&](Wire& wire, const std::string& command) {
      if (command != ".") return false;
      wire.say("250 ok");
      if (with_farewell) wire.say("421 4.4.2 idle");
      wire.finish();
      closed.raise();
      return true;
    };
    FakeServer server(polite);
    auto transport = transport_for(options_for(server));
    CHECK(deliver(*transport, any_mail()).result == MailResult::Accepted);
    closed.wait();
    CHECK(deliver(*transport, any_mail()).result == MailResult::Accepted);
    CHECK(server.connections() == 2);
  }
}

TEST_CASE("a reused connection that dies at MAIL: once more on a fresh one, not twice") {
  Polite polite;
  polite.hook = [&](Wire& wire, const std::string& command) {
    if (!command.starts_with("MAIL") || polite.log->count("MAIL") == 1) return false;
    wire.reset();
    throw Gone{};
  };
  FakeServer server(polite);
  auto transport = transport_for(options_for(server));
  CHECK(deliver(*transport, any_mail()).result == MailResult::Accepted);
  const auto outcome = deliver(*transport, any_mail());
  CHECK(outcome.result == MailResult::Deferred);
  CHECK(outcome.phase == MailPhase::EnvelopeSent);
  CHECK(server.connections() == 2);
  CHECK(polite.log->count("MAIL") == 3);
}

TEST_CASE("an idle connection quits") {
  Signal quit;
  Polite polite;
  polite.hook = [&](Wire&, const std::string& command) {
    if (command == "QUIT") quit.raise();
    return false;
  };
  FakeServer server(polite);
  auto options = options_for(server);
  options.idle_close = milliseconds{20};
  auto transport = transport_for(std::move(options));
  CHECK(deliver(*transport, any_mail()).result == MailResult::Accepted);
  quit.wait();
  CHECK(deliver(*transport, any_mail()).result == MailResult::Accepted);
}

TEST_CASE("421 pauses new connections and mails are deferred meanwhile") {
  Polite polite;
  polite.hook = [](Wire& wire, const std::string& command) {
    if (command == "BANNER") wire.say("421 4.7.0 too many");
    return command == "BANNER";
  };
  FakeServer server(polite);
  auto options = options_for(server);
  options.pause_first = kLong;
  options.pause_max = kLong;
  auto transport = transport_for(std::move(options));
  for (int i = 0; i < 3; ++i) {
    const auto outcome = deliver(*transport, any_mail());
    CHECK(outcome.result == MailResult::Deferred);
    CHECK(outcome.phase == MailPhase::NotStarted);
    CHECK(outcome.reply.code == 421);
  }
  CHECK(server.connections() == 1);
}

TEST_CASE("after the pause the relay is tried again") {
  std::atomic<int> greetings = 0;
  Polite polite;
  polite.hook = [&](Wire& wire, const std::string& command) {
    if (command != "BANNER" || ++greetings > 1) return false;
    wire.say("421 4.7.0 too many");
    return true;
  };
  FakeServer server(polite);
  auto options = options_for(server);
  options.pause_first = milliseconds{1};
  options.pause_max = milliseconds{1};
  auto transport = transport_for(std::move(options));
  CHECK(deliver(*transport, any_mail()).result == MailResult::Deferred);
  auto outcome = deliver(*transport, any_mail());
  while (outcome.result == MailResult::Deferred) outcome = deliver(*transport, any_mail());
  CHECK(outcome.result == MailResult::Accepted);
}

TEST_CASE("more mails than the limit are deferred at once") {
  Polite polite;
  FakeServer server(polite);
  auto options = options_for(server);
  options.mails_max = 1;
  auto transport = transport_for(std::move(options));
  std::promise<std::function<void(bool)>> asked;
  Outcome first;
  transport->send(any_mail(), [&](auto go) { asked.set_value(std::move(go)); }, first.done());
  const auto go = asked.get_future().get();
  CHECK(deliver(*transport, any_mail()).result == MailResult::Deferred);
  go(true);
  CHECK(first.wait().result == MailResult::Accepted);
}

TEST_CASE("shut-down lets a dialogue past DATA finish and defers what waits") {
  Polite polite;
  FakeServer server(polite);
  auto options = options_for(server);
  options.connections_max = 1;
  auto transport = transport_for(std::move(options));
  std::promise<std::function<void(bool)>> asked;
  Outcome past_data;
  Outcome waiting;
  transport->send(any_mail(), [&](auto go) { asked.set_value(std::move(go)); }, past_data.done());
  const auto go = asked.get_future().get();
  transport->send(any_mail(), say_go, waiting.done());
  std::thread closing([&] { transport->shut_down(kLong); });
  CHECK(waiting.wait().result == MailResult::Deferred);
  go(true);
  CHECK(past_data.wait().result == MailResult::Accepted);
  closing.join();
  CHECK(deliver(*transport, any_mail()).result == MailResult::Deferred);
  CHECK(polite.log->count("content:") == 1);
}

TEST_CASE("shut-down ends dialogues that are not past DATA as deferred") {
  for (const std::string stage : {"BANNER", "EHLO", "MAIL", "RCPT", "DATA"}) {
    INFO(stage);
    Signal reached;
    Polite polite;
    polite.extensions = {"8BITMIME"};
    polite.hook = [&](Wire& wire, const std::string& command) {
      if (!command.starts_with(stage)) return false;
      reached.raise();
      wire.wait_for_end();
      return true;
    };
    FakeServer server(polite);
    auto transport = transport_for(options_for(server));
    Outcome pending;
    transport->send(any_mail(), say_go, pending.done());
    reached.wait();
    transport->shut_down(kLong);
    CHECK(pending.wait().result == MailResult::Deferred);
  }
}

TEST_CASE("out of patience: unknown after the dot, deferred before it") {
  Signal dotted;
  Polite polite;
  polite.hook = [&](Wire& wire, const std::string& command) {
    if (command != ".") return false;
    dotted.raise();
    wire.wait_for_end();
    return true;
  };
  FakeServer server(polite);
  auto transport = transport_for(options_for(server));
  std::promise<void> asked;
  Outcome after;
  Outcome before;
  transport->send(any_mail(), say_go, after.done());
  transport->send(any_mail(), [&](const auto&) { asked.set_value(); }, before.done());
  dotted.wait();
  asked.get_future().get();
  transport->shut_down(milliseconds{0});
  const auto unknown = after.wait();
  CHECK(unknown.result == MailResult::Unknown);
  CHECK(unknown.phase == MailPhase::DotWritten);
  const auto deferred = before.wait();
  CHECK(deferred.result == MailResult::Deferred);
  CHECK(deferred.phase == MailPhase::EnvelopeSent);
}

TEST_CASE("destroying a transport gives every mail its outcome") {
  Polite polite;
  polite.hook = [](Wire& wire, const std::string& command) {
    if (command == "MAIL FROM:<bounce@sender.test> SIZE=21") wire.wait_for_end();
    return false;
  };
  FakeServer server(polite);
  std::vector<Outcome> outcomes(40);
  {
    auto transport = transport_for(options_for(server));
    for (auto& outcome : outcomes) transport->send(any_mail(), say_go, outcome.done());
  }
  for (auto& outcome : outcomes) CHECK(outcome.wait().result == MailResult::Deferred);
}
