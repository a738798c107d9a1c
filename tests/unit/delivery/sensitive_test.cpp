// Sensitive values: used for rendering, and gone once the send is final.
#include <catch2/catch.hpp>

#include "core/delivery/composer.hpp"
#include "tests/unit/engine/deliveries.hpp"

using namespace segmentflow;
using describe::Json;
using test::Deliveries;
using test::must;
using test::sent_verdict;

namespace {

class Resets : public Deliveries {
 public:
  Resets() {
    Json definition = Json::parse(R"({"from": "", "subject": "Your code is ${/data/code}",
        "sensitiveTransactionalVariablePaths": ["/data/code", "/profile/pin"],
        "body": {"root": "t", "elements": {"t": {"type": "Text", "props": {
            "text": {"$template": "${/data/code} ${/profile/pin} ${/data/name}"}}}}}})");
    reset_ = add_template("reset", definition, receipts.id);
    add_profile("alex@example.com");
    change("UPDATE profiles SET properties = $1", {R"({"pin": {"value": "4711"}})"});
  }
  SendRequest reset(const std::string& idempotency_key) {
    SendRequest wanted = request(idempotency_key);
    wanted.template_ref = reset_.id;
    wanted.data = {{"code", "s3cret"}, {"name", "Alex"}};
    return wanted;
  }
  Uuid accept() { return sent(reset(ids.next().to_string())).id; }
  std::string kept(const Uuid& send) {
    const auto found = rows("SELECT data, profile FROM email_contents WHERE send_id = $1", {send});
    return found.at(0)[0].text() + " " + found.at(0)[1].text();
  }
  std::string composed(const Delivery& delivery) {
    Composer composer(*database, templates);
    return *must(composer.compose(delivery)).content;
  }

 private:
  Template reset_;
};

Verdict later(Time due_at) {
  Verdict verdict;
  verdict.due_at = due_at;
  return verdict;
}

}  // namespace

TEST_CASE("sensitive: a retry still has the values, a final send does not") {
  Resets shop;
  const Lease lease = shop.join();
  const Uuid send = shop.accept();
  CHECK(shop.stored(send).subject == "Your code is s3cret");
  const auto first = shop.claim(lease).deliveries.at(0);
  CHECK(shop.composed(first).find("s3cret 4711 Alex") != std::string::npos);
  REQUIRE(shop.record(shop.ref(first), MailResult::Deferred, later(shop.clock.now() + 1)));
  CHECK(shop.kept(send).find("s3cret") != std::string::npos);
  shop.clock.advance(1);
  const auto second = shop.claim(lease).deliveries.at(0);
  CHECK(shop.composed(second).find("s3cret 4711 Alex") != std::string::npos);
  REQUIRE(shop.record(shop.ref(second), MailResult::Accepted, sent_verdict()));
  CHECK(shop.kept(send) == R"({"code":"[redacted]","name":"Alex"} {"pin":"[redacted]"})");
  CHECK(shop.stored(send).subject == "Your code is [redacted]");
  CHECK(shop.number("SELECT count(*) FROM email_contents WHERE kept_data IS NOT NULL OR "
                    "kept_profile IS NOT NULL OR kept_subject IS NOT NULL") == 0);
}

TEST_CASE("sensitive: sends that end otherwise keep nothing either") {
  Resets shop;
  const Lease lease = shop.join();
  const Uuid failing = shop.accept();
  const auto delivery = shop.claim(lease).deliveries.at(0);
  REQUIRE(shop.record(shop.ref(delivery), MailResult::Rejected,
                      failed(FailureReason::ProviderRejected, "550")));
  CHECK(shop.kept(failing).find("s3cret") == std::string::npos);
  const Uuid late = shop.accept();
  shop.clock.advance(AcceptSettings{}.deadline + 1);
  shop.database->write([](Transaction& tx) { end_overdue_sends(tx, 10); });
  CHECK(shop.status(late) == "Failed ProviderUnavailable");
  CHECK(shop.kept(late).find("s3cret") == std::string::npos);
  CHECK(shop.stored(late).subject == "Your code is [redacted]");
}

TEST_CASE("sensitive: the same request replays after they are gone") {
  Resets shop;
  const Lease lease = shop.join();
  shop.sent(shop.reset("once"));
  const auto delivery = shop.claim(lease).deliveries.at(0);
  REQUIRE(shop.record(shop.ref(delivery), MailResult::Accepted, sent_verdict()));
  CHECK(test::outcome(shop.accept_one(shop.reset("once"))) == "replay");
  SendRequest other = shop.reset("once");
  other.data["code"] = "another";
  CHECK(test::outcome(shop.accept_one(other)) == "IdempotencyConflict /idempotencyKey");
}

TEST_CASE("sensitive: a send that is skipped when it is accepted never keeps them") {
  Resets shop;
  shop.write([&](Transaction& tx) {
    suppress_address(tx, shop.organization.id, test::mailbox("alex@example.com"), "Complaint");
    return true;
  });
  const EmailSend skipped = shop.sent(shop.reset("skipped"));
  CHECK(skipped.subject == "Your code is [redacted]");
  CHECK(shop.status(skipped.id) == "Skipped ProfileSuppressed");
  CHECK(shop.stored(skipped.id).subject == "Your code is [redacted]");
  CHECK(test::outcome(shop.accept_one(shop.reset("skipped"))) == "replay");
}

TEST_CASE("sensitive: a send that is skipped when it is claimed keeps nothing either") {
  Resets shop;
  const Lease lease = shop.join();
  const Uuid send = shop.accept();
  shop.write([&](Transaction& tx) {
    suppress_address(tx, shop.organization.id, test::mailbox("alex@example.com"), "Complaint");
    return true;
  });
  CHECK(shop.claim(lease).deliveries.empty());
  CHECK(shop.status(send) == "Skipped ProfileSuppressed");
  CHECK(shop.kept(send) == R"({"code":"[redacted]","name":"Alex"} {"pin":"[redacted]"})");
  CHECK(shop.stored(send).subject == "Your code is [redacted]");
}

TEST_CASE("sensitive: a subject of the request's own stays as it is") {
  Resets shop;
  const Lease lease = shop.join();
  SendRequest wanted = shop.reset("own subject");
  wanted.subject = "A code for Alex";
  const Uuid send = shop.sent(wanted).id;
  const auto delivery = shop.claim(lease).deliveries.at(0);
  REQUIRE(shop.record(shop.ref(delivery), MailResult::Accepted, sent_verdict()));
  CHECK(shop.stored(send).subject == "A code for Alex");
  CHECK(shop.kept(send).find("s3cret") == std::string::npos);
}

TEST_CASE("sensitive: values are kept while a copy is owed, and nothing of the send shows it") {
  Resets shop;
  const Lease lease = shop.join();
  SendRequest wanted = shop.reset("with a copy");
  wanted.bcc = {test::mailbox("hidden@example.net")};
  const EmailSend send = shop.sent(wanted);
  const auto first = shop.claim(lease).deliveries.at(0);
  OutcomeCommand command{shop.ref(first), MailOutcome{}, sent_verdict()};
  CopyVerdict owed;
  owed.ref = {CopyList::Bcc, 0};
  owed.status = SendStatus::Processing;
  owed.next_attempt_at = shop.clock.now() + 5;
  const auto record = [&] {
    return shop.write(
        [&](Transaction& tx) { return must(RecordOutcomes().apply(tx, {&command, 1}).at(0)); });
  };
  command.copies = {owed};
  REQUIRE(record());
  const EmailSend sent = shop.stored(send.id);
  CHECK(sent.subject == "Your code is [redacted]");
  CHECK(shop.kept(send.id).find("s3cret") != std::string::npos);
  shop.clock.advance(5);
  const auto second = shop.claim(lease).deliveries.at(0);
  CHECK(second.send.subject == "Your code is s3cret");
  CHECK(shop.composed(second) == shop.composed(first));
  command = {shop.ref(second), MailOutcome{}, {}};
  owed.status = SendStatus::Sent;
  command.copies = {owed};
  REQUIRE(record());
  CHECK(shop.kept(send.id).find("s3cret") == std::string::npos);
  CHECK(shop.number("SELECT count(*) FROM email_contents WHERE copies_subject IS NOT NULL") == 0);
  CHECK(shop.stored(send.id).updated_at == sent.updated_at);
  CHECK(shop.stored(send.id).subject == sent.subject);
}
