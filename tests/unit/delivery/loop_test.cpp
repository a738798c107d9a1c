#include "core/delivery/delivery_loop.hpp"

#include <catch2/catch.hpp>
#include <future>
#include <latch>

#include "tests/unit/engine/await.hpp"
#include "tests/unit/engine/deliveries.hpp"

using namespace segmentflow;
using test::await;
using test::Deliveries;

namespace {

// A transport without a network: what happens to a mail is decided by its recipient's local part.
//   accept, defer, reject, unknown   at once, after asking before the dot
//   elsewhere                        accepted on another thread
//   hold                             kept until the test answers it, or shut_down ends it
class ScriptedTransport final : public MailTransport {
 public:
  ~ScriptedTransport() override { join(); }

  void send(OutgoingMail mail, BeforeDot before_dot, Done done) override {
    const std::string to = mail.recipients.at(0).substr(0, mail.recipients[0].find('@'));
    {
      const std::lock_guard lock(mutex_);
      mails_.push_back(mail);
      if (to.starts_with("hold")) {
        held_.push_back({std::move(before_dot), std::move(done)});
        return;
      }
    }
    auto dialogue = [to, before_dot = std::move(before_dot), done = std::move(done)] {
      before_dot([to, done](bool go) { done(go ? outcome_of(to) : called_off()); });
    };
    if (!to.starts_with("elsewhere")) return dialogue();
    const std::lock_guard lock(mutex_);
    threads_.emplace_back(std::move(dialogue));
  }

  void shut_down(std::chrono::milliseconds) override {
    std::vector<Held> held;
    {
      const std::lock_guard lock(mutex_);
      held.swap(held_);
      ++shut_downs;
    }
    for (auto& each : held) each.done(called_off());
    join();
  }

  static MailOutcome outcome_of(const std::string& to) {
    MailOutcome outcome;
    outcome.peer = "scripted";
    outcome.phase = MailPhase::Replied;
    outcome.reply.code = 250;
    outcome.result = MailResult::Accepted;
    if (to.starts_with("defer")) outcome = refused(MailResult::Deferred, 451);
    if (to.starts_with("reject")) outcome = refused(MailResult::Rejected, 550);
    if (to.starts_with("unknown")) {
      outcome = refused(MailResult::Unknown, 0);
      outcome.phase = MailPhase::DotWritten;
      outcome.detail = "connection lost";
    }
    return outcome;
  }

  struct Held {
    BeforeDot before_dot;
    Done done;
  };
  // The dialogue that is held, taken out.
  Held take_held() {
    std::optional<Held> taken;
    await([&] {
      const std::lock_guard lock(mutex_);
      if (held_.empty()) return false;
      taken = std::move(held_.back());
      held_.pop_back();
      return true;
    });
    return std::move(*taken);
  }
  std::vector<OutgoingMail> mails() {
    const std::lock_guard lock(mutex_);
    return mails_;
  }

  int shut_downs = 0;

 private:
  static MailOutcome refused(MailResult result, int code) {
    MailOutcome outcome;
    outcome.result = result;
    outcome.phase = MailPhase::Replied;
    outcome.reply.code = code;
    return outcome;
  }
  static MailOutcome called_off() {
    MailOutcome outcome;
    outcome.phase = MailPhase::EnvelopeSent;
    outcome.detail = "called off";
    return outcome;
  }
  void join() {
    std::vector<std::thread> threads;
    {
      const std::lock_guard lock(mutex_);
      threads.swap(threads_);
    }
    for (auto& thread : threads) thread.join();
  }

  std::mutex mutex_;
  std::vector<OutgoingMail> mails_;
  std::vector<Held> held_;
  std::vector<std::thread> threads_;
};

// A process that delivers.
class Works : public Deliveries {
 public:
  explicit Works(CommitterLimits limits = {}, int in_flight_max = 8) : Deliveries(limits) {
    membership = std::make_unique<Membership>(
        *database, *committer, ids, LeaseTimes{}, Instance{},
        [this](Transaction& tx, const Lease& gone, Departure how) {
          return reap_deliveries(tx, gone, RetryPolicy{}, entropy, how);
        });
    DeliverySettings settings;
    settings.in_flight_max = in_flight_max;
    settings.poll_first = settings.poll_max = kMicrosPerSecond / 1000;
    loop = std::make_unique<DeliveryLoop>(*database, *committer, *membership, composer, transport,
                                          ids, entropy, clock, settings,
                                          [this] { return may_deliver.load(); });
  }
  ~Works() {
    let_commit();
    loop.reset();
    membership.reset();
  }

  void start() {
    if (!membership->start()) throw std::runtime_error("no membership");
    loop->start();
  }
  void await_status(const Uuid& id, const std::string& expected) {
    await([&] { return status(id) == expected; });
  }

  // Another organisation that can send, and what it would send.
  struct Neighbour {
    ApiKey key;
    SendRequest request;
  };
  Neighbour neighbour() {
    return write([&](Transaction& tx) {
      const Organization other = ensure_organization(tx, ids, "Neighbour");
      Neighbour made;
      made.key = create_api_key(tx, ids, entropy, other, "n", {"emails:write"}, false).key;
      test::must(add_sending_domain(tx, ids, other.id, "neighbour.example"));
      const auto sender = test::must(
          add_sender_profile(tx, ids, other.id, test::mailbox("receipts@neighbour.example")));
      NewTemplate wanted;
      wanted.name = "n";
      wanted.purpose = "Transactional";
      wanted.sender_profile_id = sender.id;
      wanted.definition = test::checked(test::simple_definition());
      made.request = request("neighbour");
      made.request.template_ref =
          test::must(import_template(tx, ids, other.id, wanted)).template_.id;
      made.request.to = test::mailbox("accept@neighbour.example");
      return made;
    });
  }

  // From here on the committer refuses every command: its threads are busy and its queue is full.
  void refuse_commits() {
    may_commit_ = std::make_shared<std::latch>(1);
    for (int i = 0; i < database->writers(); ++i) {
      auto entered = std::make_shared<std::latch>(1);
      submit([entered, go = may_commit_](Transaction&) -> Result<void> {
        entered->count_down();
        go->wait();
        return {};
      });
      entered->wait();
    }
    submit([](Transaction&) -> Result<void> { return {}; });
    await([&] { return committer->counters().waiting > 0; });
  }
  void let_commit() {
    if (may_commit_) may_commit_->count_down();
    may_commit_ = nullptr;
    for (auto& caller : callers_) caller.join();
    callers_.clear();
  }

  std::atomic<bool> may_deliver = true;
  ScriptedTransport transport;
  Composer composer{*database, templates};
  std::unique_ptr<Membership> membership;
  std::unique_ptr<DeliveryLoop> loop;

 private:
  void submit(Committer::Work work) {
    callers_.emplace_back([this, work = std::move(work)] {
      while (!committer->run(work)) std::this_thread::yield();
    });
  }

  std::shared_ptr<std::latch> may_commit_;
  std::vector<std::thread> callers_;
};

MailOutcome accepted() {
  return ScriptedTransport::outcome_of("accept");
}

}  // namespace

TEST_CASE("loop: each outcome becomes what the policy says") {
  Works works;
  const Uuid sent = works.accept_to("accept@example.net").id;
  const Uuid elsewhere = works.accept_to("elsewhere@example.net").id;
  const Uuid deferred = works.accept_to("defer@example.net").id;
  const Uuid rejected = works.accept_to("reject@example.net").id;
  const Uuid unknown = works.accept_to("unknown@example.net").id;
  const Uuid once = works.accept_to("unknown.once@example.net", true).id;
  works.start();
  works.await_status(sent, "Sent");
  works.await_status(elsewhere, "Sent");
  works.await_status(rejected, "Failed ProviderRejected");
  works.await_status(once, "Failed OutcomeUnknown");
  await([&] { return works.job(deferred) == "free 1" && works.job(unknown) == "free 1"; });
  await([&] { return works.loop->in_flight() == 0; });
  CHECK(works.attempts(sent) == "1 Accepted");
  CHECK(works.attempts(deferred) == "1 Deferred");
  CHECK(works.attempts(unknown) == "1 Unknown");
  const auto& counters = works.loop->counters();
  CHECK(counters.sent == 2);
  CHECK(counters.failed == 2);
  CHECK(counters.deferred == 2);
  CHECK(counters.unknown == 2);
  CHECK(counters.late == 0);
}

TEST_CASE("loop: what is deferred is tried again when its time comes, with the same bytes") {
  Works works;
  const Uuid id = works.accept_to("defer@example.net").id;
  works.start();
  await([&] { return works.job(id) == "free 1"; });
  works.clock.advance(2 * kMicrosPerMinute);
  await([&] { return works.job(id) == "free 2"; });
  const auto mails = works.transport.mails();
  REQUIRE(mails.size() == 2);
  CHECK(*mails[0].content == *mails[1].content);
  CHECK(mails[0].message_id == mails[1].message_id);
  CHECK(mails[0].message_id == works.stored(id).message_id.value().to_string());
}

TEST_CASE("loop: no more than in_flight_max at once, and all in the end") {
  Works works({}, 4);
  std::vector<Uuid> ids;
  for (int i = 0; i < 10; ++i) {
    ids.push_back(works.accept_to("hold" + std::to_string(i) + "@example.net").id);
  }
  works.start();
  for (std::size_t answered = 0; answered < ids.size(); ++answered) {
    await([&] { return works.transport.mails().size() >= std::min(answered + 4, ids.size()); });
    CHECK(works.loop->in_flight() <= 4);
    CHECK(works.transport.mails().size() <= answered + 4);
    works.transport.take_held().done(accepted());
    await([&] { return works.loop->counters().sent == answered + 1; });
  }
  for (const Uuid& id : ids) CHECK(works.status(id) == "Sent");
}

TEST_CASE("loop: it waits while it is another process's turn") {
  Works works;
  works.may_deliver = false;
  const Uuid id = works.accept_to("accept@example.net").id;
  works.start();
  works.loop->wake();
  CHECK(works.status(id) == "Queued");
  works.may_deliver = true;
  works.await_status(id, "Sent");
}

TEST_CASE("loop: a send that cannot be composed fails alone") {
  Works works;
  const Uuid broken = works.accept_to("a@example.net").id;
  const Uuid unreadable = works.accept_to("b@example.net").id;
  works.change("UPDATE email_contents SET data = 'not JSON' WHERE send_id = $1", {broken});
  // A snapshot that this binary cannot read any more.
  works.change("UPDATE template_snapshots SET id = $1, definition = '[]'", {works.key.id});
  works.change("UPDATE email_sends SET template_snapshot_id = $1 WHERE id = $2",
               {works.key.id, unreadable});
  works.start();
  works.await_status(broken, "Failed RenderFailed");
  works.await_status(unreadable, "Failed RenderFailed");
  CHECK(works.transport.mails().empty());
}

TEST_CASE("loop: the mark before the dot is durable, and refused when the lease was lost") {
  Works works;
  const Uuid id = works.accept_to("hold@example.net").id;
  works.start();
  auto held = works.transport.take_held();
  std::promise<bool> first;
  held.before_dot([&](bool go) { first.set_value(go); });
  CHECK(first.get_future().get());
  CHECK(works.attempts(id) == "1 Pending");
  held.done(accepted());
  works.await_status(id, "Sent");

  const Uuid lost = works.accept_to("hold2@example.net").id;
  auto second = works.transport.take_held();
  works.change("UPDATE jobs SET lease_epoch = lease_epoch + 1");
  std::promise<bool> again;
  second.before_dot([&](bool go) { again.set_value(go); });
  CHECK_FALSE(again.get_future().get());
  second.done(accepted());
  await([&] { return works.loop->counters().late == 1; });
  CHECK(works.loop->in_flight() == 0);
  CHECK(works.status(lost) == "Processing");
  CHECK(works.attempts(lost).empty());
  CHECK(works.job(lost) == "leased 0");
}

TEST_CASE("loop: without room for the mark the dot is not written") {
  Works works({.batch_max = 256, .queue_max = 1});
  const Uuid id = works.accept_to("hold@example.net").id;
  works.start();
  auto held = works.transport.take_held();
  works.refuse_commits();
  std::optional<bool> answer;
  held.before_dot([&](bool go) { answer = go; });
  CHECK(answer == false);
  works.let_commit();
  CHECK(works.attempts(id).empty());
  held.done(accepted());
  works.await_status(id, "Sent");
}

TEST_CASE("loop: an outcome that the committer refuses is recorded later") {
  Works works({.batch_max = 256, .queue_max = 1});
  std::vector<Uuid> ids;
  for (int i = 0; i < 3; ++i) {
    ids.push_back(works.accept_to("hold" + std::to_string(i) + "@example.net").id);
  }
  works.start();
  std::vector<ScriptedTransport::Held> held;
  for (std::size_t i = 0; i < ids.size(); ++i) held.push_back(works.transport.take_held());
  works.refuse_commits();
  for (auto& each : held) each.done(accepted());
  CHECK(works.loop->in_flight() == 3);
  for (const Uuid& id : ids) CHECK(works.job(id) == "leased 0");
  works.let_commit();
  for (const Uuid& id : ids) works.await_status(id, "Sent");
  await([&] { return works.loop->in_flight() == 0; });
  CHECK(works.loop->counters().sent == 3);
  CHECK(works.loop->counters().late == 0);
}

TEST_CASE("loop: stopping records what the transport still says, and claims nothing more") {
  Works works;
  const Uuid held = works.accept_to("hold@example.net").id;
  works.start();
  await([&] { return works.transport.mails().size() == 1; });
  works.loop->stop(std::chrono::seconds(1));
  CHECK(works.transport.shut_downs == 1);
  CHECK(works.loop->in_flight() == 0);
  CHECK(works.attempts(held) == "1 Deferred");
  CHECK(works.job(held) == "free 1");
  const Uuid later = works.accept_to("accept@example.net").id;
  works.loop->wake();
  works.membership->stop();
  CHECK(works.status(later) == "Queued");
  works.loop->stop(std::chrono::seconds(1));  // once more does nothing
  CHECK(works.transport.shut_downs == 1);
}

TEST_CASE("loop: what could not be recorded before the end is Unknown and free") {
  Works works({.batch_max = 256, .queue_max = 1});
  const Uuid marked = works.accept_to("hold1@example.net").id;
  works.start();
  auto first = works.transport.take_held();
  std::promise<bool> go;
  first.before_dot([&](bool yes) { go.set_value(yes); });
  REQUIRE(go.get_future().get());
  works.refuse_commits();
  first.done(accepted());
  works.loop->stop(std::chrono::milliseconds(0));
  CHECK(works.loop->in_flight() == 0);
  works.let_commit();
  CHECK(works.job(marked) == "leased 0");
  works.membership->stop();
  CHECK(works.job(marked) == "free 1");
  CHECK(works.attempts(marked) == "1 Unknown");
}

TEST_CASE("loop: suspects go after everything else, one at a time, and go out") {
  Works works;
  std::vector<Uuid> suspects;
  for (int i = 0; i < 3; ++i) {
    suspects.push_back(works.accept_to("hold" + std::to_string(i) + "@example.net").id);
  }
  const Lease dead = works.join();
  REQUIRE(works.claim(dead).deliveries.size() == 3);
  works.database->write([&](Transaction& tx) {
    unregister_instance(tx, dead.instance);
    reap_deliveries(tx, dead, RetryPolicy{}, works.entropy, Departure::Died);
  });
  const Uuid other = works.accept_to("accept@example.net").id;
  works.start();
  works.await_status(other, "Sent");
  CHECK(works.transport.mails().front().recipients.front() == "accept@example.net");
  for (std::size_t i = 0; i < suspects.size(); ++i) {
    auto held = works.transport.take_held();
    // The next one may be composed meanwhile: these have crashed once only.
    CHECK(works.number("SELECT count(*) FROM jobs WHERE is_alone = 1") <= 1);
    held.done(accepted());
  }
  for (const Uuid& id : suspects) works.await_status(id, "Sent");
  CHECK(works.write(count_suspects) == 0);
}

TEST_CASE("loop: under unbroken load a suspect has its turn after a while") {
  Works works({}, 4);
  const Uuid suspect = works.accept_to("accept.suspect@example.net").id;
  const Lease dead = works.join();
  REQUIRE(works.claim(dead).deliveries.size() == 1);
  works.database->write([&](Transaction& tx) {
    unregister_instance(tx, dead.instance);
    reap_deliveries(tx, dead, RetryPolicy{}, works.entropy, Departure::Died);
  });
  for (int i = 0; i < 9; ++i) works.accept_to("hold" + std::to_string(i) + "@example.net");
  works.start();
  await([&] { return works.transport.mails().size() == 4; });
  await([&] {
    works.clock.advance(kMicrosPerSecond);
    return works.status(suspect) == "Sent";
  });
  CHECK(works.transport.mails().size() <= 6);
}

TEST_CASE("loop: what waits to be composed when it stops is given back") {
  Works works;
  {
    const auto alone = works.composer.gate().enter_alone();
    for (int i = 0; i < 5; ++i) works.accept_to("accept" + std::to_string(i) + "@example.net");
    works.start();
    await([&] { return works.loop->in_flight() == 5; });
  }
  works.loop->stop(std::chrono::seconds(1));
  works.membership->stop();
  CHECK(works.loop->in_flight() == 0);
  CHECK(works.number("SELECT count(*) FROM jobs WHERE lease_instance IS NOT NULL") == 0);
  const auto sent = works.number("SELECT count(*) FROM email_sends WHERE status = 'Sent'");
  CHECK(sent + works.number("SELECT count(*) FROM jobs WHERE attempts = 0") == 5);
}

TEST_CASE("loop: an organisation that takes all places leaves some for others") {
  Works works({}, 8);
  for (int i = 0; i < 20; ++i) works.accept_to("hold" + std::to_string(i) + "@example.net");
  works.start();
  await([&] { return works.transport.mails().size() == 8; });
  const auto neighbour = works.neighbour();
  const Uuid id =
      test::must(std::move(works.accept_as(neighbour.key, {neighbour.request})[0])).send.id;
  await([&] {
    works.clock.advance(kMicrosPerSecond / 1000);
    return works.number("SELECT count(*) FROM email_sends WHERE id = $1 AND status = 'Sent'",
                        {id}) == 1;
  });
  CHECK(works.transport.mails().size() == 9);
  CHECK(works.loop->in_flight() == 8);
}

TEST_CASE("loop: an email past its deadline ends while its relay says nothing") {
  Works works;
  const Uuid id = works.accept_to("hold@example.net").id;
  works.start();
  auto held = works.transport.take_held();
  works.clock.advance(AcceptSettings{}.deadline + 1);
  works.database->write([](Transaction& tx) { end_overdue_sends(tx, 10); });
  CHECK(works.status(id) == "Failed ProviderUnavailable");
  std::promise<bool> go;
  held.before_dot([&](bool yes) { go.set_value(yes); });
  CHECK_FALSE(go.get_future().get());
  held.done(accepted());
  await([&] { return works.loop->in_flight() == 0; });
  CHECK(works.loop->counters().late == 1);
  CHECK(works.status(id) == "Failed ProviderUnavailable");
}
