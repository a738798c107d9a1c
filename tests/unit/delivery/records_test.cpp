#include <catch2/catch.hpp>

#include "tests/unit/engine/deliveries.hpp"

using namespace segmentflow;
using test::Deliveries;
using test::mailbox;
using test::sent_verdict;

TEST_CASE("records: from claim to Sent") {
  Deliveries shop;
  const Lease lease = shop.join();
  const Uuid id = shop.accept_to("a@example.net").id;
  CHECK(shop.status(id) == "Queued");
  const auto claimed = shop.claim(lease);
  REQUIRE(claimed.deliveries.size() == 1);
  const Delivery& delivery = claimed.deliveries[0];
  CHECK(delivery.attempt == 1);
  CHECK(delivery.data_json == R"({"orderId":"ord_1"})");
  CHECK(shop.status(id) == "Processing");
  CHECK(shop.stored(id).message_id == delivery.send.message_id);
  REQUIRE(delivery.send.message_id);
  const AttemptRef ref = shop.ref(delivery);
  CHECK(shop.mark(ref));
  CHECK(shop.attempts(id) == "1 Pending");
  CHECK(shop.record(ref, MailResult::Accepted, sent_verdict()));
  CHECK(shop.attempts(id) == "1 Accepted");
  CHECK(shop.status(id) == "Sent");
  CHECK(shop.job(id) == "none");
}

TEST_CASE("records: every attempt has the message id of the first") {
  Deliveries shop;
  const Lease lease = shop.join();
  const Uuid id = shop.accept_to("a@example.net").id;
  const auto first = shop.claim(lease).deliveries.at(0);
  Verdict later;
  later.due_at = shop.clock.now() + kMicrosPerMinute;
  CHECK(shop.record(shop.ref(first), MailResult::Deferred, later));
  CHECK(shop.job(id) == "free 1");
  CHECK(shop.claim(lease).deliveries.empty());
  shop.clock.advance(kMicrosPerMinute);
  const auto second = shop.claim(lease).deliveries.at(0);
  CHECK(second.attempt == 2);
  CHECK(second.send.message_id == first.send.message_id);
  CHECK(shop.status(id) == "Processing");
  CHECK(shop.attempts(id) == "1 Deferred");
}

TEST_CASE("records: where rendering failed there is no attempt and no message") {
  Deliveries shop;
  const Lease lease = shop.join();
  const Uuid id = shop.accept_to("a@example.net").id;
  const auto ref = shop.ref(shop.claim(lease).deliveries.at(0));
  const OutcomeCommand command{ref, std::nullopt,
                               failed(FailureReason::RenderFailed, "No such function.")};
  CHECK(shop.write(
      [&](Transaction& tx) { return RecordOutcomes().apply(tx, {&command, 1}).at(0).value(); }));
  CHECK(shop.status(id) == "Failed RenderFailed");
  CHECK(shop.stored(id).failure_message == "No such function.");
  CHECK_FALSE(shop.stored(id).message_id);
  CHECK(shop.attempts(id).empty());
}

TEST_CASE("records: a lost lease changes nothing, however late it comes") {
  Deliveries shop;
  const Lease late = shop.join();
  const Lease next = shop.join();
  const Uuid id = shop.accept_to("a@example.net").id;
  const auto old = shop.ref(shop.claim(late).deliveries.at(0));
  shop.reap(late);
  CHECK(shop.job(id) == "free 0");
  CHECK_FALSE(shop.mark(old));
  CHECK_FALSE(shop.record(old, MailResult::Accepted, sent_verdict()));
  CHECK(shop.status(id) == "Processing");
  CHECK(shop.attempts(id).empty());
  const auto taken = shop.ref(shop.claim(next).deliveries.at(0));
  CHECK_FALSE(shop.mark(old));
  CHECK_FALSE(
      shop.record(old, MailResult::Rejected, failed(FailureReason::ProviderRejected, "late")));
  CHECK(shop.job(id) == "leased 0");
  CHECK(shop.mark(taken));
  CHECK_FALSE(shop.record(old, MailResult::Accepted, sent_verdict()));
  CHECK(shop.attempts(id) == "1 Pending");
  CHECK(shop.record(taken, MailResult::Accepted, sent_verdict()));
  CHECK_FALSE(shop.record(old, MailResult::Unknown, failed(FailureReason::OutcomeUnknown, "late")));
  CHECK(shop.status(id) == "Sent");
  CHECK(shop.attempts(id) == "1 Accepted");
}

TEST_CASE("records: one list serves commands of several leases") {
  Deliveries shop;
  const Lease a = shop.join();
  const Lease b = shop.join();
  const Uuid first = shop.accept_to("a@example.net").id;
  const auto of_a = shop.ref(shop.claim(a).deliveries.at(0));
  const Uuid second = shop.accept_to("b@example.net").id;
  const auto of_b = shop.ref(shop.claim(b).deliveries.at(0));
  AttemptRef swapped = of_a;
  swapped.job.lease = b;
  const std::vector<AttemptRef> refs = {swapped, of_b, of_a};
  const auto marked = shop.write([&](Transaction& tx) { return MarkDots().apply(tx, refs); });
  CHECK_FALSE(marked[0].value());
  CHECK(marked[1].value());
  CHECK(marked[2].value());
  CHECK(shop.attempts(first) == "1 Pending");
  CHECK(shop.attempts(second) == "1 Pending");
}

TEST_CASE("records: an attempt that is given back leaves no mark and is not counted") {
  Deliveries shop;
  const Lease lease = shop.join();
  const Uuid id = shop.accept_to("a@example.net").id;
  const auto first = shop.ref(shop.claim(lease).deliveries.at(0));
  REQUIRE(shop.mark(first));
  Verdict given_back;
  given_back.counts = false;
  const std::vector<OutcomeCommand> commands = {{first, std::nullopt, given_back}};
  const auto recorded =
      shop.write([&](Transaction& tx) { return RecordOutcomes().apply(tx, commands); });
  CHECK(recorded.at(0).value());
  CHECK(shop.attempts(id).empty());
  CHECK(shop.job(id) == "free 0");
  const auto again = shop.ref(shop.claim(lease).deliveries.at(0));
  CHECK(again.attempt == 1);
  CHECK(shop.mark(again));
}

TEST_CASE("records: what a gone process had begun is Unknown, and tried again by the policy") {
  Deliveries shop;
  const Lease gone = shop.join();
  const Uuid marked = shop.accept_to("a@example.net").id;
  const Uuid unmarked = shop.accept_to("b@example.net").id;
  const Uuid once = shop.accept_to("c@example.net", true).id;
  const Uuid once_unmarked = shop.accept_to("d@example.net", true).id;
  for (const Delivery& delivery : shop.claim(gone).deliveries) {
    const bool mark = delivery.send.id == marked || delivery.send.id == once;
    if (mark) REQUIRE(shop.mark(shop.ref(delivery)));
  }
  shop.reap(gone);
  CHECK(shop.status(marked) == "Processing");
  CHECK(shop.attempts(marked) == "1 Unknown");
  CHECK(shop.job(marked) == "free 1");
  CHECK(shop.job(unmarked) == "free 0");
  CHECK(shop.attempts(unmarked).empty());
  CHECK(shop.status(once) == "Failed OutcomeUnknown");
  CHECK(shop.attempts(once) == "1 Unknown");
  CHECK(shop.job(once) == "none");
  // Nothing was written for it yet: trying again cannot double it.
  CHECK(shop.job(once_unmarked) == "free 0");
  CHECK(shop.write([&](Transaction& tx) { return count_unknown_attempts(tx); }) == 2);
  const Lease next = shop.join();
  CHECK(shop.claim(next).deliveries.size() == 2);
  shop.clock.advance(2 * kMicrosPerMinute);
  const auto again = shop.claim(next).deliveries;
  REQUIRE(again.size() == 1);
  CHECK(again[0].attempt == 2);
  REQUIRE(shop.mark(shop.ref(again[0])));
  REQUIRE(shop.record(shop.ref(again[0]), MailResult::Accepted, sent_verdict()));
  CHECK(shop.attempts(marked) == "1 Unknown, 2 Accepted");
}

TEST_CASE("records: reaping one process leaves the others alone") {
  Deliveries shop;
  const Lease gone = shop.join();
  const Lease alive = shop.join();
  shop.accept_to("a@example.net");
  REQUIRE(shop.claim(gone).deliveries.size() == 1);
  const Uuid kept = shop.accept_to("b@example.net").id;
  const auto ref = shop.ref(shop.claim(alive).deliveries.at(0));
  REQUIRE(shop.mark(ref));
  shop.reap(gone);
  CHECK(shop.attempts(kept) == "1 Pending");
  CHECK(shop.job(kept) == "leased 0");
  CHECK(shop.record(ref, MailResult::Accepted, sent_verdict()));
}

TEST_CASE("records: past its deadline a send fails") {
  Deliveries shop;
  const Lease lease = shop.join();
  const Uuid id = shop.accept_to("a@example.net").id;
  const auto overdue = [&] {
    return shop.write([&](Transaction& tx) { return count_overdue_jobs(tx, JobKind::Deliver); });
  };
  shop.clock.advance(AcceptSettings{}.deadline);
  CHECK(overdue() == 0);
  shop.clock.advance(1);
  CHECK(overdue() == 1);
  const auto claimed = shop.claim(lease);
  CHECK(claimed.deliveries.empty());
  CHECK(claimed.ended == 1);
  CHECK(shop.status(id) == "Failed ProviderUnavailable");
  CHECK(shop.job(id) == "none");
  CHECK(overdue() == 0);
}

TEST_CASE("records: a send that lost its job is counted") {
  Deliveries shop;
  const auto stranded = [&] { return shop.write(count_stranded_sends); };
  CHECK(stranded() == 0);
  const EmailSend send = shop.accept_to("a@example.net");
  shop.accept_to("b@example.net");
  CHECK(stranded() == 0);
  shop.change("DELETE FROM jobs WHERE subject_id = $1", {send.id});
  CHECK(stranded() == 1);
  shop.change("UPDATE email_sends SET status = 'Sent' WHERE id = $1", {send.id});
  CHECK(stranded() == 0);
}

TEST_CASE("records: what was checked at accept is checked again at each attempt") {
  Deliveries shop;
  const Lease lease = shop.join();
  struct Row {
    const char* expected;
    std::function<void(const EmailSend&)> happens;
  };
  const auto sql = [&](const char* text) {
    return [&shop, text](const EmailSend&) { shop.change(text); };
  };
  const std::vector<Row> rows = {
      {"Skipped ProfileErased", [&](const EmailSend& send) { shop.erase(send.profile_id); }},
      {"Skipped ProfileSuppressed",
       [&](const EmailSend& send) {
         shop.database->write([&](Transaction& tx) {
           suppress_address(tx, shop.organization.id, mailbox(send.to_email), "Complaint");
         });
       }},
      {"Skipped InvalidSenderProfile", sql("UPDATE sender_profiles SET removed_at = 1")},
      {"Skipped DomainNotVerified",
       [&](const EmailSend&) {
         shop.change("UPDATE sender_profiles SET removed_at = NULL");
         shop.change("UPDATE sending_domains SET status = 'Failed'");
       }},
      {"Failed WorkerFailed",
       [&](const EmailSend&) {
         shop.change("UPDATE sending_domains SET status = 'Verified'");
         shop.change("DELETE FROM email_contents");
       }},
      {"Processing", [](const EmailSend&) {}},
  };
  int n = 0;
  for (const Row& row : rows) {
    INFO(row.expected);
    shop.change("UPDATE sender_profiles SET removed_at = NULL");
    shop.change("UPDATE sending_domains SET status = 'Verified'");
    const EmailSend send = shop.accept_to("p" + std::to_string(++n) + "@example.net");
    row.happens(send);
    const auto claimed = shop.claim(lease);
    CHECK(shop.status(send.id) == row.expected);
    const bool goes_on = row.expected == std::string("Processing");
    CHECK(claimed.ended == (goes_on ? 0 : 1));
    CHECK(shop.job(send.id) == (goes_on ? "leased 0" : "none"));
  }
}

TEST_CASE("records: an address written beside its erasure goes at the claim") {
  Deliveries shop;
  const Lease lease = shop.join();
  const EmailSend send = shop.accept_to("alex@example.com");
  shop.change("UPDATE profiles SET erased_at = 1 WHERE id = $1", {send.profile_id});
  CHECK(shop.claim(lease).ended == 1);
  CHECK(shop.status(send.id) == "Skipped ProfileErased");
  CHECK(shop.rows("SELECT to_email FROM email_sends").at(0)[0].text() == kErasedAddress);
  CHECK(shop.rows("SELECT 1 FROM email_contents").empty());
}

// The indexes of a row that is rewritten for each attempt must not be: what PostgreSQL calls HOT.
TEST_CASE("records: claims and outcomes rewrite no index", "[postgres]") {
  Deliveries shop;
  const Lease lease = shop.join();
  for (int i = 0; i < 3; ++i) shop.accept_to("a" + std::to_string(i) + "@example.net");
  const auto not_hot = [](Transaction& tx, std::string_view table) {
    return tx
        .query(
            "SELECT pg_stat_get_xact_tuples_updated(to_regclass($1)) - "
            "pg_stat_get_xact_tuples_hot_updated(to_regclass($1))",
            {table})
        .at(0)[0]
        .integer();
  };
  shop.database->write([&](Transaction& tx) {
    const ClaimCommand claim{lease, 3};
    const auto claimed = std::move(shop.claims.apply(tx, {&claim, 1}).at(0)).value();
    REQUIRE(claimed.deliveries.size() == 3);
    CHECK(not_hot(tx, "jobs") == 0);
    CHECK(not_hot(tx, "email_sends") == 0);
    const OutcomeCommand done{shop.ref(claimed.deliveries.at(0)), MailOutcome{}, sent_verdict()};
    REQUIRE(RecordOutcomes().apply(tx, {&done, 1}).at(0).value());
    CHECK(not_hot(tx, "email_sends") == 0);
  });
}

TEST_CASE("records: unsubscribing after the accept skips, for both policies") {
  Deliveries shop;
  const Lease lease = shop.join();
  const Uuid alex = shop.add_profile("alex@example.com");
  for (const auto policy : {SubscriptionPolicy::OptIn, SubscriptionPolicy::OptOut}) {
    const auto choose = [&](const Uuid& group, bool subscribed) {
      shop.database->write([&](Transaction& tx) {
        set_subscription(tx, shop.organization.id, group, alex, subscribed);
      });
    };
    const Uuid group = shop.write([&](Transaction& tx) {
      return add_subscription_group(tx, shop.ids, shop.organization.id, to_string(policy), policy)
          .value()
          .id;
    });
    choose(group, true);
    SendRequest wanted = shop.request(std::string(to_string(policy)));
    wanted.subscription_group_id = group;
    const Uuid id = shop.sent(wanted).id;
    choose(group, false);
    CHECK(shop.claim(lease).ended == 1);
    CHECK(shop.status(id) == "Skipped ProfileUnsubscribed");
  }
}
