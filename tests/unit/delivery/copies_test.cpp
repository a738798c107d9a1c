#include "core/delivery/copies.hpp"

#include <catch2/catch.hpp>

#include "core/delivery/attempts.hpp"
#include "core/delivery/composer.hpp"
#include "tests/unit/engine/deliveries.hpp"

using namespace segmentflow;
using test::Deliveries;
using test::mailbox;
using test::must;

namespace {

RefusedCopy refusal(const std::string& recipient, int code, bool again, bool at_once = false) {
  return {recipient, {code, "", "no"}, again, at_once};
}

class Copies : public Deliveries {
 public:
  EmailSend accept_with(std::vector<std::string> cc, std::vector<std::string> bcc = {},
                        bool at_most_once = false) {
    ApiKey as = key;
    as.at_most_once = at_most_once;
    SendRequest wanted = request(ids.next().to_string());
    for (const auto& each : cc) wanted.cc.push_back(mailbox(each));
    for (const auto& each : bcc) wanted.bcc.push_back(mailbox(each));
    return must(std::move(accept_as(as, {wanted}).at(0))).send;
  }

  // What the loop does with an outcome.
  bool finish(const Delivery& delivery, MailOutcome outcome) {
    outcome.peer = "relay:25";
    const CopyJudge with{delivery.send, clock.now(), policy, [] { return 0; }};
    OutcomeCommand command{ref(delivery), std::nullopt, {}};
    if (delivery.owed.empty()) {
      command.verdict = judge(outcome, delivery.send, delivery.attempt, clock.now(), 0, policy);
      command.copies = judge_refused(outcome, with);
    } else {
      command.copies = judge_owed(outcome, delivery.owed, with);
    }
    command.outcome = std::move(outcome);
    return write(
        [&](Transaction& tx) { return must(RecordOutcomes().apply(tx, {&command, 1}).at(0)); });
  }
  // "cc 0 Processing, bcc 0 Failed ProviderRejected"
  std::string copies(const EmailSend& send) {
    std::string text;
    const auto all = write([&](Transaction& tx) { return read_copies(tx, send); });
    for (const auto& [ref, verdict] : all) {
      text += text.empty() ? "" : ", ";
      text += std::string(to_string(ref.list)) + " " + std::to_string(ref.place) + " " +
              std::string(to_string(verdict.status));
      if (verdict.failure_reason) text += " " + std::string(to_string(*verdict.failure_reason));
    }
    return text;
  }
  std::vector<std::string> recipients(const Delivery& delivery) {
    Composer composer(*database, templates);
    const OutgoingMail mail = must(composer.compose(delivery));
    CHECK(mail.copies_only == !delivery.owed.empty());
    return mail.recipients;
  }
  std::int64_t owed() { return write(count_owed_copies); }
  std::int64_t stranded() { return write(count_stranded_copies); }

  const RetryPolicy policy;
};

MailOutcome outcome_with(MailResult result, std::vector<RefusedCopy> refused = {}) {
  MailOutcome outcome;
  outcome.result = result;
  outcome.phase = result == MailResult::Unknown ? MailPhase::DotWritten : MailPhase::Replied;
  outcome.stage = MailStage::Dot;
  const int code = result == MailResult::Accepted   ? 250
                   : result == MailResult::Rejected ? 550
                   : result == MailResult::Deferred ? 450
                                                    : 0;
  outcome.reply.code = code;
  outcome.refused_copies = std::move(refused);
  return outcome;
}

constexpr MailResult kAccepted = MailResult::Accepted;
constexpr MailResult kDeferred = MailResult::Deferred;
constexpr MailResult kRejected = MailResult::Rejected;

}  // namespace

TEST_CASE("copies: one that is refused for now is tried again for itself") {
  Copies shop;
  const Lease lease = shop.join();
  const EmailSend send = shop.accept_with({"a@example.net", "b@example.net"});
  const auto first = shop.claim(lease).deliveries.at(0);
  CHECK(shop.recipients(first).size() == 3);
  REQUIRE(shop.finish(first, outcome_with(kAccepted, {refusal("B@example.net", 450, true)})));
  CHECK(shop.status(send.id) == "Sent");
  CHECK(shop.copies(send) == "cc 1 Processing");
  CHECK(shop.owed() == 1);
  CHECK(shop.claim(lease).deliveries.empty());
  shop.clock.advance(2 * kMicrosPerMinute);
  const auto second = shop.claim(lease).deliveries.at(0);
  CHECK(shop.recipients(second) == std::vector<std::string>{"b@example.net"});
  CHECK(shop.mark(shop.ref(second)));
  REQUIRE(shop.finish(second, outcome_with(kAccepted)));
  CHECK(shop.copies(send) == "cc 1 Sent");
  CHECK(shop.status(send.id) == "Sent");
  CHECK(shop.job(send.id) == "none");
  CHECK(shop.attempts(send.id) == "1 Accepted, 2 Accepted");
  CHECK(shop.owed() == 0);
  CHECK(shop.stranded() == 0);
}

TEST_CASE("copies: the schedule of a copy begins with its own first refusal") {
  Copies shop;
  const Lease lease = shop.join();
  const EmailSend send = shop.accept_with({"a@example.net"});
  for (int i = 0; i < 4; ++i) {
    REQUIRE(shop.finish(shop.claim(lease).deliveries.at(0), outcome_with(kDeferred)));
    shop.clock.advance(kMicrosPerHour);
  }
  auto claimed = shop.claim(lease).deliveries;
  REQUIRE(
      shop.finish(claimed.at(0), outcome_with(kAccepted, {refusal("a@example.net", 450, true)})));
  shop.clock.advance(2 * kMicrosPerMinute);
  claimed = shop.claim(lease).deliveries;
  REQUIRE(claimed.size() == 1);
  REQUIRE(shop.finish(claimed[0], outcome_with(kDeferred, {refusal("a@example.net", 450, true)})));
  shop.clock.advance(2 * kMicrosPerMinute);
  CHECK(shop.claim(lease).deliveries.empty());
  shop.clock.advance(5 * kMicrosPerMinute);
  CHECK(shop.claim(lease).deliveries.size() == 1);
  CHECK(shop.copies(send) == "cc 0 Processing");
}

TEST_CASE("copies: what no more recipients fitted for goes out in further transactions at once") {
  Copies shop;
  const Lease lease = shop.join();
  const EmailSend send = shop.accept_with({}, {"a@example.net", "b@example.net", "c@example.net"});
  const auto too_many = [](const char* recipient) { return refusal(recipient, 452, true, true); };
  auto claimed = shop.claim(lease).deliveries;
  REQUIRE(shop.finish(claimed.at(0), outcome_with(kAccepted, {too_many("b@example.net"),
                                                              too_many("c@example.net")})));
  shop.clock.advance(1);
  claimed = shop.claim(lease).deliveries;
  REQUIRE(claimed.size() == 1);
  CHECK(shop.recipients(claimed[0]).size() == 2);
  REQUIRE(shop.finish(claimed[0], outcome_with(kAccepted, {too_many("c@example.net")})));
  shop.clock.advance(1);
  claimed = shop.claim(lease).deliveries;
  REQUIRE(claimed.size() == 1);
  CHECK(shop.recipients(claimed[0]) == std::vector<std::string>{"c@example.net"});
  // Nobody is taken: that is no progress, so it waits.
  REQUIRE(shop.finish(claimed[0], outcome_with(kDeferred, {too_many("c@example.net")})));
  shop.clock.advance(1);
  CHECK(shop.claim(lease).deliveries.empty());
  CHECK(shop.copies(send) == "bcc 1 Sent, bcc 2 Processing");
}

TEST_CASE("copies: refused for good, and given up") {
  Copies shop;
  const Lease lease = shop.join();
  const EmailSend send = shop.accept_with({"a@example.net", "b@example.net"});
  REQUIRE(shop.finish(shop.claim(lease).deliveries.at(0),
                      outcome_with(kAccepted, {refusal("a@example.net", 550, false),
                                               refusal("b@example.net", 450, true)})));
  CHECK(shop.copies(send) == "cc 0 Failed ProviderRejected, cc 1 Processing");
  shop.clock.advance(AcceptSettings{}.deadline + 1);
  shop.database->write([](Transaction& tx) { end_overdue_sends(tx, 10); });
  CHECK(shop.status(send.id) == "Sent");
  CHECK(shop.copies(send) == "cc 0 Failed ProviderRejected, cc 1 Failed ProviderUnavailable");
  const auto all = shop.write([&](Transaction& tx) { return read_copies(tx, send); });
  CHECK(all.at({CopyList::Cc, 1}).message == "relay:25 answered 450 no");
  CHECK(shop.job(send.id) == "none");
}

TEST_CASE("copies: the primary is never repeated for them, nor is it undone") {
  Copies shop;
  const Lease lease = shop.join();
  const EmailSend send = shop.accept_with({"a@example.net"});
  REQUIRE(shop.finish(shop.claim(lease).deliveries.at(0),
                      outcome_with(kAccepted, {refusal("a@example.net", 450, true)})));
  shop.clock.advance(2 * kMicrosPerMinute);
  const auto second = shop.claim(lease).deliveries.at(0);
  CHECK(second.send.status == SendStatus::Sent);
  REQUIRE(shop.finish(second, outcome_with(kRejected)));
  CHECK(shop.status(send.id) == "Sent");
  CHECK(shop.copies(send) == "cc 0 Failed ProviderRejected");
}

TEST_CASE("copies: what was beyond the dot when the process went is Unknown") {
  for (const bool at_most_once : {false, true}) {
    Copies shop;
    const Lease gone = shop.join();
    const EmailSend send = shop.accept_with({"a@example.net"}, {"b@example.net"}, at_most_once);
    REQUIRE(shop.finish(shop.claim(gone).deliveries.at(0),
                        outcome_with(kAccepted, {refusal("a@example.net", 450, true)})));
    shop.clock.advance(2 * kMicrosPerMinute);
    REQUIRE(shop.mark(shop.ref(shop.claim(gone).deliveries.at(0))));
    shop.reap(gone);
    CHECK(shop.status(send.id) == "Sent");
    CHECK(shop.attempts(send.id) == "1 Accepted, 2 Unknown");
    CHECK(shop.copies(send) == (at_most_once ? "cc 0 Failed OutcomeUnknown" : "cc 0 Processing"));
    CHECK(shop.job(send.id) == (at_most_once ? "none" : "free 2"));
  }
}

TEST_CASE("copies: a late worker changes nothing") {
  Copies shop;
  const Lease late = shop.join();
  const EmailSend send = shop.accept_with({"a@example.net"});
  REQUIRE(shop.finish(shop.claim(late).deliveries.at(0),
                      outcome_with(kAccepted, {refusal("a@example.net", 450, true)})));
  shop.clock.advance(2 * kMicrosPerMinute);
  const auto delivery = shop.claim(late).deliveries.at(0);
  shop.reap(late);
  CHECK_FALSE(shop.mark(shop.ref(delivery)));
  CHECK_FALSE(shop.finish(delivery, outcome_with(kAccepted)));
  CHECK(shop.copies(send) == "cc 0 Processing");
  const Lease next = shop.join();
  CHECK(shop.claim(next).deliveries.size() == 1);
}

TEST_CASE("copies: held in a restored copy, they wait; resumed, they are tried at once") {
  Copies shop;
  const Lease lease = shop.join();
  const EmailSend send = shop.accept_with({"a@example.net"});
  REQUIRE(shop.finish(shop.claim(lease).deliveries.at(0),
                      outcome_with(kAccepted, {refusal("a@example.net", 450, true)})));
  shop.database->write([](Transaction& tx) { hold_jobs(tx, last_job(tx)); });
  shop.clock.advance(2 * kMicrosPerMinute);
  CHECK(shop.claim(lease).deliveries.empty());
  shop.database->write([](Transaction& tx) { resume_jobs(tx); });
  CHECK(shop.claim(lease).deliveries.size() == 1);
  CHECK(shop.copies(send) == "cc 0 Processing");
}

TEST_CASE("copies: checks of the primary recipient's wishes are not made for them, others are") {
  Copies shop;
  const Lease lease = shop.join();
  const auto owing = [&](const char* copy) {
    const EmailSend send = shop.accept_with({copy});
    REQUIRE(shop.finish(shop.claim(lease).deliveries.at(0),
                        outcome_with(kAccepted, {refusal(copy, 450, true)})));
    return send;
  };
  const EmailSend send = owing("a@example.net");
  shop.clock.advance(2 * kMicrosPerMinute);
  shop.database->write([&](Transaction& tx) {
    suppress_address(tx, shop.organization.id, mailbox("alex@example.com"), "Complaint");
  });
  auto claimed = shop.claim(lease).deliveries;
  REQUIRE(claimed.size() == 1);
  REQUIRE(shop.finish(claimed[0], outcome_with(kAccepted)));
  shop.change("DELETE FROM suppressions");
  const EmailSend erased = owing("b@example.net");
  shop.erase(erased.profile_id);
  shop.clock.advance(2 * kMicrosPerMinute);
  CHECK(shop.claim(lease).deliveries.empty());
  CHECK(shop.status(erased.id) == "Sent");
  CHECK(shop.copies(erased) == "cc 0 Skipped");
  CHECK(shop.job(erased.id) == "none");
  CHECK(shop.copies(send) == "cc 0 Sent");
}

TEST_CASE("copies: no address is stored with them") {
  Copies shop;
  const Lease lease = shop.join();
  shop.accept_with({"a@example.net"}, {"b@example.net"});
  REQUIRE(shop.finish(shop.claim(lease).deliveries.at(0),
                      outcome_with(kAccepted, {refusal("a@example.net", 450, true),
                                               refusal("b@example.net", 550, false)})));
  const auto refused = shop.rows("SELECT refused_copies FROM delivery_attempts").at(0)[0].text();
  CHECK(refused.find("/cc/0") != std::string::npos);
  CHECK(refused.find("/bcc/0") != std::string::npos);
  CHECK(refused.find('@') == std::string::npos);
}
