// The loop and a relay that refuses: what waits, what is recorded, what is said.
#include <catch2/catch.hpp>

#include "core/delivery/attempts.hpp"
#include "core/delivery/delivery_loop.hpp"
#include "tests/unit/engine/await.hpp"
#include "tests/unit/engine/deliveries.hpp"

using namespace segmentflow;
using test::await;
using test::Deliveries;

namespace {

// Answers each mail at once, with what the test says now.
class AnsweringTransport final : public MailTransport {
 public:
  using Answer = std::function<MailOutcome(const OutgoingMail&)>;

  void send(OutgoingMail mail, BeforeDot before_dot, Done done) override {
    MailOutcome outcome = answer_with()(mail);
    if (outcome.phase == MailPhase::NotStarted) return done(std::move(outcome));
    before_dot([outcome, done = std::move(done)](bool) { done(outcome); });
  }
  void shut_down(std::chrono::milliseconds) override {}

  void answer(Answer answer) {
    const std::lock_guard lock(mutex_);
    answer_ = std::move(answer);
  }

 private:
  Answer answer_with() {
    const std::lock_guard lock(mutex_);
    return answer_;
  }

  std::mutex mutex_;
  Answer answer_;
};

MailOutcome taken() {
  MailOutcome outcome;
  outcome.peer = "relay:587";
  outcome.result = MailResult::Accepted;
  outcome.phase = MailPhase::Replied;
  outcome.stage = MailStage::Dot;
  outcome.reply.code = 250;
  return outcome;
}

MailOutcome refused_login(const OutgoingMail& mail) {
  MailOutcome outcome;
  outcome.peer = "relay:587";
  outcome.stage = MailStage::Auth;
  outcome.refuses_us = true;
  outcome.reply = {535, "5.7.8", "no login for " + mail.recipients.at(0)};
  outcome.detail = "relay:587 refused the login with 535 5.7.8.";
  return outcome;
}

MailOutcome refused_sender() {
  MailOutcome outcome;
  outcome.peer = "relay:587";
  outcome.stage = MailStage::Mail;
  outcome.refuses_us = true;
  outcome.reply = {553, "5.7.1", "not owned by user"};
  return outcome;
}

class Relayed : public Deliveries {
 public:
  Relayed() {
    membership = std::make_unique<Membership>(
        *database, *committer, ids, LeaseTimes{}, Instance{},
        [this](Transaction& tx, const Lease& gone, Departure how) {
          return reap_deliveries(tx, gone, RetryPolicy{}, entropy, how);
        });
    DeliverySettings settings;
    settings.poll_first = settings.poll_max = kMicrosPerSecond / 1000;
    loop = std::make_unique<DeliveryLoop>(*database, *committer, *membership, composer, transport,
                                          ids, entropy, clock, settings, [] { return true; });
  }
  ~Relayed() {
    loop.reset();
    membership.reset();
  }
  void start() {
    if (!membership->start()) throw std::runtime_error("no membership");
    loop->start();
  }
  std::optional<LastAttempt> last_attempt(const EmailSend& send) {
    return write([&](Transaction& tx) { return read_last_attempt(tx, send); });
  }
  void await_status(const EmailSend& send, const std::string& expected) {
    await([&] { return status(send.id) == expected; });
  }

  AnsweringTransport transport;
  Composer composer{*database, templates};
  std::unique_ptr<Membership> membership;
  std::unique_ptr<DeliveryLoop> loop;
};

}  // namespace

TEST_CASE("loop: a refused session keeps mail waiting, in one row that counts the tries") {
  Relayed works;
  works.transport.answer(refused_login);
  const EmailSend send = works.accept_to("alex@example.com");
  works.start();
  for (int tries = 1; tries <= 3; ++tries) {
    await([&] {
      const auto last = works.last_attempt(send);
      return last && last->attempts == tries;
    });
    await([&] { return works.loop->in_flight() == 0; });
    works.clock.advance(kMicrosPerMinute);
  }
  const auto last = works.last_attempt(send);
  CHECK(last->outcome.reply.code == 535);
  CHECK(last->outcome.stage == MailStage::Auth);
  CHECK(last->next_at);
  CHECK(describe_outcome(last->outcome) ==
        "relay:587 refused the login with 535 5.7.8 (no login for [address])");
  CHECK(works.attempts(send.id) == "0 Deferred");
  CHECK(works.job(send.id) == "free 0");
  works.transport.answer([](const OutgoingMail&) { return taken(); });
  await([&] {
    works.clock.advance(kMicrosPerMinute);
    return works.status(send.id) == "Sent";
  });
  CHECK(works.attempts(send.id) == "0 Deferred, 1 Accepted");
  CHECK(works.loop->relay().troubles(works.clock.now()).empty());
}

TEST_CASE("loop: at its deadline a send says what the relay said last") {
  Relayed works;
  works.transport.answer(refused_login);
  const EmailSend send = works.accept_to("alex@example.com");
  works.start();
  await([&] { return works.last_attempt(send).has_value(); });
  works.clock.advance(AcceptSettings{}.deadline + kMicrosPerMinute);
  works.await_status(send, "Failed ProviderUnavailable");
  CHECK(works.stored(send.id).failure_message ==
        "The deadline of the send has passed. The last attempt: relay:587 refused the login with "
        "535 5.7.8 (no login for [address])");
}

TEST_CASE("loop: one refused sender holds up no other's mail") {
  Relayed works;
  works.transport.answer([](const OutgoingMail& mail) {
    return mail.mail_from == "support@example.com" ? refused_sender() : taken();
  });
  std::vector<EmailSend> refused;
  for (int i = 0; i < 20; ++i) {
    SendRequest wanted = works.request("refused" + std::to_string(i));
    wanted.sender_profile_id = works.support.id;
    refused.push_back(works.sent(wanted));
  }
  const EmailSend other = works.sent(works.request("other"));
  works.start();
  works.await_status(other, "Sent");
  for (const EmailSend& send : refused) CHECK(works.status(send.id) == "Processing");
  await([&] { return works.loop->relay().troubles(works.clock.now()).size() == 1; });
  CHECK(works.loop->relay().troubles(works.clock.now())[0].sender_profile_id == works.support.id);
  works.transport.answer([](const OutgoingMail&) { return taken(); });
  for (const EmailSend& send : refused) {
    await([&] {
      works.clock.advance(kMicrosPerSecond);
      return works.status(send.id) == "Sent";
    });
  }
  CHECK(works.loop->relay().troubles(works.clock.now()).empty());
}

TEST_CASE("loop: a copy that is refused goes its own way") {
  Relayed works;
  works.transport.answer([](const OutgoingMail& mail) {
    MailOutcome outcome = taken();
    if (!mail.copies_only) {
      outcome.refused_copies.push_back({"copy@example.net", {450, "4.2.1", "slow down"}, true});
    }
    return outcome;
  });
  SendRequest wanted = works.request("with a copy");
  wanted.cc = {test::mailbox("copy@example.net")};
  const EmailSend send = works.sent(wanted);
  works.start();
  works.await_status(send, "Sent");
  await([&] { return works.loop->counters().copies_deferred == 1; });
  works.clock.advance(2 * kMicrosPerMinute);
  await([&] { return works.loop->counters().copies_sent == 1; });
  CHECK(works.job(send.id) == "none");
  CHECK(works.loop->counters().sent == 1);
}
