// What becomes of emails whose process died: whose fault it was, and who comes when.
#include <catch2/catch.hpp>

#include "tests/unit/engine/deliveries.hpp"

using namespace segmentflow;
using test::Deliveries;
using test::must;
using test::sent_verdict;

namespace {

class Ward : public Deliveries {
 public:
  // The process that held the lease dies.
  Reaped die(const Lease& lease) {
    return write([&](Transaction& tx) {
      unregister_instance(tx, lease.instance);
      return reap_deliveries(tx, lease, RetryPolicy{}, entropy, Departure::Died);
    });
  }
  std::vector<Delivery> claim_due(const Lease& lease) { return claim(lease).deliveries; }
  std::optional<Delivery> claim_alone(const Lease& lease) {
    const ClaimCommand command{lease, 1, ClaimOf::Suspect};
    auto answer =
        write([&](Transaction& tx) { return must(std::move(claims.apply(tx, {&command, 1})[0])); });
    if (answer.deliveries.empty()) return std::nullopt;
    return std::move(answer.deliveries.at(0));
  }
  bool clear(const Delivery& delivery) {
    return write(
        [&](Transaction& tx) { return must(ClearAlone().apply(tx, {&delivery.job, 1}).at(0)); });
  }
  bool give_back(const Delivery& delivery) {
    Verdict verdict;
    verdict.due_at = clock.now() + 1;
    verdict.counts = false;
    const OutcomeCommand command{ref(delivery), std::nullopt, verdict};
    return write(
        [&](Transaction& tx) { return must(RecordOutcomes().apply(tx, {&command, 1}).at(0)); });
  }
  std::int64_t suspects() { return write(count_suspects); }
  // "crashes lone_crashes is_alone"
  std::string record_of(const Uuid& id) {
    const auto row =
        rows("SELECT crashes, lone_crashes, is_alone FROM jobs WHERE subject_id = $1", {id}).at(0);
    return std::to_string(row[0].integer()) + " " + std::to_string(row[1].integer()) + " " +
           std::to_string(row[2].integer());
  }
  // One process dies with the email in hand.
  void make_suspect() {
    const Lease lease = join();
    REQUIRE_FALSE(claim_due(lease).empty());
    die(lease);
  }
};

}  // namespace

TEST_CASE("suspects: who dies among others is never condemned, and all go out in the end") {
  Ward ward;
  std::vector<Uuid> ids;
  for (int i = 0; i < 5; ++i) {
    ids.push_back(ward.accept_to("a" + std::to_string(i) + "@example.net").id);
  }
  const Lease first = ward.join();
  REQUIRE(ward.claim_due(first).size() == 5);
  CHECK(ward.die(first).suspects == 5);
  for (int round = 0; round < 20; ++round) {
    ward.clock.advance(SuspectPolicy{}.wait_max);
    const Lease lease = ward.join();
    CHECK(ward.claim_due(lease).empty());
    for (int i = 0; i < 5; ++i) {
      const auto one = ward.claim_alone(lease);
      REQUIRE(one);
      REQUIRE(ward.clear(*one));  // composed; the process dies in the transport
    }
    const Reaped reaped = ward.die(lease);
    CHECK(reaped.condemned.empty());
    CHECK(reaped.suspects == 0);
  }
  ward.clock.advance(SuspectPolicy{}.wait_max);
  const Lease last = ward.join();
  while (const auto one = ward.claim_alone(last)) {
    CHECK(one->attempt == 1);
    REQUIRE(ward.clear(*one));
    REQUIRE(ward.mark(ward.ref(*one)));
    REQUIRE(ward.record(ward.ref(*one), MailResult::Accepted, sent_verdict()));
  }
  for (const Uuid& id : ids) CHECK(ward.status(id) == "Sent");
  CHECK(ward.suspects() == 0);
}

TEST_CASE("suspects: after three deaths alone the email is Failed, and not before") {
  Ward ward;
  const Uuid id = ward.accept_to("a@example.net").id;
  ward.make_suspect();
  CHECK(ward.record_of(id) == "1 0 0");
  for (int death = 1; death <= SuspectPolicy{}.lone_crashes_max; ++death) {
    CHECK(ward.status(id) == "Processing");
    const Lease lease = ward.join();
    REQUIRE(ward.claim_alone(lease));
    CHECK(ward.record_of(id).ends_with(" 1"));
    const auto reaped = ward.die(lease);
    CHECK(reaped.condemned.size() == (death == 3 ? 1 : 0));
    ward.clock.advance(SuspectPolicy{}.wait_max);
  }
  CHECK(ward.status(id) == "Failed RenderCrashed");
  CHECK_THAT(ward.stored(id).failure_message.value(), Catch::Contains("3 times"));
  CHECK_FALSE(ward.stored(id).message_id);
  CHECK(ward.job(id) == "none");
}

TEST_CASE("suspects: an email that was composed in between begins anew") {
  Ward ward;
  const Uuid id = ward.accept_to("a@example.net").id;
  ward.make_suspect();
  for (int round = 0; round < 4; ++round) {
    for (int death = 0; death < 2; ++death) {
      const Lease lease = ward.join();
      REQUIRE(ward.claim_alone(lease));
      CHECK(ward.die(lease).condemned.empty());
      ward.clock.advance(SuspectPolicy{}.wait_max);
    }
    const Lease lease = ward.join();
    REQUIRE(ward.clear(ward.claim_alone(lease).value()));
    ward.die(lease);
    ward.clock.advance(SuspectPolicy{}.wait_max);
  }
  CHECK(ward.status(id) == "Processing");
}

TEST_CASE("suspects: they wait longer after each crash, and those to blame come last") {
  Ward ward;
  const Uuid first = ward.accept_to("a@example.net").id;
  const Uuid second = ward.accept_to("b@example.net").id;
  ward.make_suspect();
  const auto due = [&] {
    return ward.write([](Transaction& tx) -> std::optional<Time> {
      const auto next = next_suspect(tx, JobKind::Deliver);
      return next ? std::optional(next->due_at) : std::nullopt;
    });
  };
  CHECK(due().value() <= ward.clock.now());  // the first crash may be anybody's
  const Lease lease = ward.join();
  const auto one = ward.claim_alone(lease);
  REQUIRE(one);
  ward.die(lease);
  const Uuid crashed = one->send.id;
  const Lease next = ward.join();
  const auto other = ward.claim_alone(next);
  REQUIRE(other);
  CHECK(other->send.id == (crashed == first ? second : first));
  CHECK_FALSE(ward.claim_alone(next));
  CHECK(due() == ward.clock.now() + kMicrosPerSecond);
  ward.clock.advance(kMicrosPerSecond);
  REQUIRE(ward.claim_alone(next));
  ward.die(next);
  const auto wait_of = [&](const Uuid& id) {
    return ward.number("SELECT due_at FROM jobs WHERE subject_id = $1", {id}) - ward.clock.now();
  };
  CHECK(wait_of(crashed) == 2 * kMicrosPerSecond);
  CHECK(wait_of(other->send.id) == kMicrosPerSecond);
}

TEST_CASE("suspects: each process has its own at a time, and none has the other's") {
  Ward ward;
  ward.accept_to("a@example.net");
  ward.accept_to("b@example.net");
  ward.make_suspect();
  const auto one = ward.claim_alone(ward.join());
  const auto other = ward.claim_alone(ward.join());
  REQUIRE(one);
  REQUIRE(other);
  CHECK(one->send.id != other->send.id);
}

TEST_CASE("suspects: a process that ends in good order leaves none, wherever it is") {
  Ward ward;
  const Uuid id = ward.accept_to("a@example.net").id;
  const Lease orderly = ward.join();
  REQUIRE(ward.claim_due(orderly).size() == 1);
  ward.reap(orderly);
  CHECK(ward.suspects() == 0);
  ward.make_suspect();
  const Lease alone = ward.join();
  REQUIRE(ward.claim_alone(alone));
  ward.reap(alone);
  CHECK(ward.record_of(id) == "1 0 0");
}

TEST_CASE("suspects: past the dot a crash is the attempt's, not the email's") {
  Ward ward;
  const Uuid id = ward.accept_to("a@example.net").id;
  const Lease lease = ward.join();
  const auto delivery = ward.claim_due(lease).at(0);
  REQUIRE(ward.mark(ward.ref(delivery)));
  CHECK(ward.die(lease).suspects == 0);
  CHECK(ward.attempts(id) == "1 Unknown");
  CHECK(ward.job(id) == "free 1");
  CHECK(ward.record_of(id) == "0 0 0");
}

TEST_CASE("suspects: an attempt that was made clears, one that was given back does not") {
  Ward ward;
  const Uuid id = ward.accept_to("a@example.net").id;
  ward.make_suspect();
  const Lease lease = ward.join();
  auto one = ward.claim_alone(lease);
  REQUIRE(one);
  CHECK(ward.give_back(*one));
  CHECK(ward.record_of(id) == "1 0 0");
  ward.clock.advance(1);
  one = ward.claim_alone(lease);
  REQUIRE(one);
  REQUIRE(ward.clear(*one));
  Verdict later;
  later.due_at = ward.clock.now() + 1;
  REQUIRE(ward.record(ward.ref(*one), MailResult::Deferred, later));
  CHECK(ward.record_of(id) == "0 0 0");
  ward.clock.advance(1);
  CHECK(ward.claim_due(lease).size() == 1);
}

TEST_CASE("suspects: who was taken for dead while it rendered alone takes the crash back") {
  Ward ward;
  const Uuid id = ward.accept_to("a@example.net").id;
  ward.make_suspect();
  const Lease stalled = ward.join();
  const auto one = ward.claim_alone(stalled);
  REQUIRE(one);
  ward.die(stalled);
  CHECK(ward.record_of(id) == "2 1 0");
  CHECK_FALSE(ward.clear(*one));
  CHECK(ward.record_of(id) == "2 0 0");
}

TEST_CASE("suspects: past the deadline an email ends also while somebody holds it") {
  Ward ward;
  const Uuid held = ward.accept_to("a@example.net").id;
  const Uuid marked = ward.accept_to("b@example.net").id;
  const Lease lease = ward.join();
  const auto deliveries = ward.claim_due(lease);
  REQUIRE(deliveries.size() == 2);
  const auto of = [&](const Uuid& id) {
    return ward.ref(deliveries[deliveries[0].send.id == id ? 0 : 1]);
  };
  REQUIRE(ward.mark(of(marked)));
  const auto end_overdue = [&] {
    ward.database->write([](Transaction& tx) { end_overdue_sends(tx, 10); });
  };
  ward.clock.advance(AcceptSettings{}.deadline);
  end_overdue();
  CHECK(ward.status(held) == "Processing");
  ward.clock.advance(1);
  end_overdue();
  CHECK(ward.status(held) == "Failed ProviderUnavailable");
  CHECK_FALSE(ward.mark(of(held)));
  CHECK_FALSE(ward.record(of(held), MailResult::Accepted, sent_verdict()));
  CHECK(ward.status(held) == "Failed ProviderUnavailable");
  CHECK(ward.status(marked) == "Processing");
  CHECK(ward.record(of(marked), MailResult::Accepted, sent_verdict()));
  CHECK(ward.status(marked) == "Sent");
}
