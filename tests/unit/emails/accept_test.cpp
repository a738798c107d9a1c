#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/unit/engine/shop.hpp"

using namespace segmentflow;
using describe::Json;
using test::mailbox;
using test::outcome;
using test::Shop;
using test::simple_definition;

namespace {

class Recipients : public Shop {
 public:
  std::string to(std::optional<std::string> email, std::optional<std::string> external_id = {},
                 std::optional<Uuid> profile_id = {}) {
    SendRequest wanted = request("k" + std::to_string(++count_));
    wanted.to.reset();
    if (email) wanted.to = mailbox(*email);
    wanted.external_id = std::move(external_id);
    wanted.profile_id = profile_id;
    last = accept_one(std::move(wanted));
    return outcome(last);
  }
  Uuid profile() const { return last.value().send.profile_id; }
  Result<Accepted> last = fail(ErrorCode::Internal, "nothing yet");

 private:
  int count_ = 0;
};

SendRequest with(SendRequest request, const std::function<void(SendRequest&)>& change) {
  change(request);
  return request;
}

}  // namespace

TEST_CASE("accept: the three forms of a recipient") {
  Recipients shop;
  CHECK(shop.to("new@example.net") == "ok");
  const Uuid made = shop.profile();
  CHECK(shop.last->send.to_email == "new@example.net");
  CHECK(shop.to("NEW@Example.NET") == "ok");
  CHECK(shop.profile() == made);
  CHECK(shop.last->send.to_email == "new@example.net");
  CHECK(shop.to({}, {}, made) == "ok");
  CHECK(shop.profile() == made);
  CHECK(shop.to({}, "c1") == "RecipientNotResolved /to/externalId");
  CHECK(shop.to("new@example.net", "c1") == "ok");
  CHECK(shop.to({}, "c1") == "ok");
  CHECK(shop.profile() == made);
  CHECK(shop.to({}, "c1", made) == "ok");
  CHECK(shop.to("new@example.net", "c1", made) == "ok");
  CHECK(shop.to("another@example.net", "c2") == "ok");
  CHECK(shop.profile() != made);
  CHECK(shop.number("SELECT count(*) FROM profiles") == 2);
  CHECK(shop.number("SELECT count(*) FROM profile_external_ids") == 2);
}

TEST_CASE("accept: identities that are not one Profile are a conflict, and leave nothing") {
  Recipients shop;
  REQUIRE(shop.to("a@example.net", "a") == "ok");
  const Uuid a = shop.profile();
  REQUIRE(shop.to("b@example.net", "b") == "ok");
  CHECK(shop.to("b@example.net", {}, a) == "RecipientConflict /to/email");
  CHECK(shop.to("nobody@example.net", {}, a) == "RecipientConflict /to/email");
  CHECK(shop.to("b@example.net", "a") == "RecipientConflict /to/externalId");
  CHECK(shop.to("nobody@example.net", "a") == "RecipientConflict /to/externalId");
  CHECK(shop.to({}, "b", a) == "RecipientConflict /to/externalId");
  CHECK(shop.to({}, {}, shop.ids.next()) == "NotFound /profileId");
  CHECK(shop.number("SELECT count(*) FROM profiles") == 2);
  CHECK(shop.number("SELECT count(*) FROM profile_external_ids") == 2);
  CHECK(shop.number("SELECT count(*) FROM email_sends") == 2);
}

TEST_CASE("accept: another organisation's things are not found") {
  Shop shop;
  const auto [other, foreign_profile, foreign_group] = shop.write([&](Transaction& tx) {
    const auto organization = ensure_organization(tx, shop.ids, "Globex");
    return std::tuple(
        create_api_key(tx, shop.ids, shop.entropy, organization, "k", {"emails:write"}, false).key,
        ensure_profile(tx, shop.ids, organization.id, mailbox("x@example.net")),
        add_subscription_group(tx, shop.ids, organization.id, "G", SubscriptionPolicy::OptOut)
            .value()
            .id);
  });
  CHECK(outcome(shop.accept_as(other, {shop.request("a")})[0]) == "NotFound /templateId");
  CHECK(outcome(shop.accept_one(with(shop.request("b"), [&](auto& r) {
          r.to.reset();
          r.profile_id = foreign_profile;
        }))) == "NotFound /profileId");
  CHECK(outcome(shop.accept_one(with(shop.request("c"), [&](auto& r) {
          r.subscription_group_id = foreign_group;
        }))) == "NotFound /subscriptionGroupId");
  shop.change("UPDATE sender_profiles SET organization_id = $1 WHERE id = $2",
              {other.organization_id, shop.support.id});
  CHECK(outcome(shop.accept_one(with(shop.request("d"), [&](auto& r) {
          r.sender_profile_id = shop.support.id;
        }))) == "InvalidSenderProfile /senderProfileId");
  const EmailSend mine = shop.sent(shop.request("e"));
  const auto read = shop.write(
      [&](Transaction& tx) { return retrieve_email_send(tx, other.organization_id, mine.id); });
  CHECK(read.error().code == ErrorCode::NotFound);
}

TEST_CASE("accept: the sender in four steps") {
  Shop shop;
  Json named = simple_definition();
  named["from"] = "Desk <support@example.com>";
  const Template by_definition = shop.add_template("by-definition", named);
  const Template without = shop.add_template("without", simple_definition());
  const auto from = [&](const std::function<void(SendRequest&)>& change) {
    const auto result = shop.accept_one(with(shop.request(shop.ids.next().to_string()), change));
    return result ? format_address(result->send.from) : outcome(result);
  };
  const auto template_of = [](SendRequest& r, const Template& t) { r.template_ref = t.id; };
  CHECK(from([](auto& r) { r.from = mailbox("SUPPORT@example.com"); }) ==
        "Acme Support <support@example.com>");
  CHECK(from([](auto& r) { r.from = mailbox("Jo <support@example.com>"); }) ==
        "Jo <support@example.com>");
  CHECK(from([&](auto& r) { r.sender_profile_id = shop.support.id; }) ==
        "Acme Support <support@example.com>");
  CHECK(from([&](auto& r) {
          r.from = mailbox("Jo <support@example.com>");
          r.sender_profile_id = shop.support.id;
        }) == "Jo <support@example.com>");
  CHECK(from([](auto&) {}) == "Acme Receipts <receipts@example.com>");
  CHECK(from([&](auto& r) { template_of(r, by_definition); }) == "Desk <support@example.com>");
  CHECK(from([&](auto& r) { template_of(r, without); }) == "InvalidSenderProfile /from");
  CHECK(from([](auto& r) { r.from = mailbox("other@example.com"); }) ==
        "InvalidSenderProfile /from");
  CHECK(from([&](auto& r) { r.sender_profile_id = shop.ids.next(); }) ==
        "InvalidSenderProfile /senderProfileId");
  CHECK(from([&](auto& r) {
          r.from = mailbox("receipts@example.com");
          r.sender_profile_id = shop.support.id;
        }) == "InvalidSenderProfile /senderProfileId");
  shop.change("UPDATE sender_profiles SET removed_at = 1 WHERE id = $1", {shop.support.id});
  CHECK(from([&](auto& r) { r.sender_profile_id = shop.support.id; }) ==
        "InvalidSenderProfile /senderProfileId");
  CHECK(from([&](auto& r) { template_of(r, by_definition); }) == "InvalidSenderProfile /from");
  CHECK(from([](auto&) {}) == "Acme Receipts <receipts@example.com>");
  shop.change("UPDATE sending_domains SET status = 'Failed'");
  CHECK(from([](auto&) {}) == "InvalidSenderProfile /from");
}

TEST_CASE("accept: reply-to is on a verified domain, or the template's") {
  Shop shop;
  Json definition = simple_definition();
  definition["replyTo"] = "Help <help@example.com>";
  const Template helped = shop.add_template("helped", definition, shop.receipts.id);
  definition["replyTo"] = "help@elsewhere.org";
  const Template astray = shop.add_template("astray", definition, shop.receipts.id);
  const auto reply_to = [&](const Template& used, const char* given) {
    const auto result =
        shop.accept_one(with(shop.request(shop.ids.next().to_string()), [&](auto& r) {
          r.template_ref = used.id;
          if (given) r.reply_to = mailbox(given);
        }));
    if (!result) return outcome(result);
    const auto& found = shop.stored(result->send.id).reply_to;
    return found ? format_address(*found) : std::string("none");
  };
  CHECK(reply_to(shop.receipt, nullptr) == "none");
  CHECK(reply_to(shop.receipt, "any@EXAMPLE.com") == "any@EXAMPLE.com");
  CHECK(reply_to(shop.receipt, "any@elsewhere.org") == "InvalidReplyTo /replyTo");
  CHECK(reply_to(shop.receipt, "any@sub.example.com") == "InvalidReplyTo /replyTo");
  CHECK(reply_to(helped, nullptr) == "Help <help@example.com>");
  CHECK(reply_to(helped, "Me <me@example.com>") == "Me <me@example.com>");
  CHECK(reply_to(astray, nullptr) == "InvalidReplyTo /replyTo");
  CHECK(reply_to(astray, "me@example.com") == "me@example.com");
}

TEST_CASE("accept: templates that cannot be sent") {
  Shop shop;
  Json draft = Json::object();
  draft["subject"] = "No body";
  const auto use = [&](std::variant<Uuid, TemplateKey> ref) {
    return outcome(shop.accept_one(with(shop.request(shop.ids.next().to_string()),
                                        [&](auto& r) { r.template_ref = std::move(ref); })));
  };
  CHECK(use(TemplateKey{"receipt"}) == "ok");
  CHECK(use(TemplateKey{"nothing"}) == "NotFound /templateKey");
  CHECK(use(shop.ids.next()) == "NotFound /templateId");
  CHECK(use(shop.add_template("draft", draft, shop.receipts.id).id) ==
        "TemplateIncomplete /templateId/definition/body");
  CHECK(use(shop.add_template("news", simple_definition(), shop.receipts.id, "Newsletter").id) ==
        "TemplateNotTransactional /templateId");
  shop.change("UPDATE templates SET status = 'Archived' WHERE key = 'receipt'");
  CHECK(use(TemplateKey{"receipt"}) == "TemplateArchived /templateKey");
  CHECK(shop.number("SELECT count(*) FROM profiles") == 1);
}

TEST_CASE("accept: gates make the send Skipped, without a job") {
  Shop shop;
  const Uuid alex = shop.add_profile("alex@example.com");
  const auto group = [&](const char* name, SubscriptionPolicy policy) {
    return shop
        .write([&](Transaction& tx) {
          return add_subscription_group(tx, shop.ids, shop.organization.id, name, policy);
        })
        .value()
        .id;
  };
  const Uuid in = group("In", SubscriptionPolicy::OptIn);
  const Uuid out = group("Out", SubscriptionPolicy::OptOut);
  const auto choose = [&](const Uuid& group_id, bool subscribed) {
    shop.database->write([&](Transaction& tx) {
      set_subscription(tx, shop.organization.id, group_id, alex, subscribed);
    });
  };
  const auto skipped = [&](std::optional<Uuid> group_id, std::string email = "alex@example.com") {
    const EmailSend send = shop.sent(with(shop.request(shop.ids.next().to_string()), [&](auto& r) {
      r.subscription_group_id = group_id;
      r.to = mailbox(email);
    }));
    const bool has_job =
        shop.number("SELECT count(*) FROM jobs WHERE subject_id = $1", {send.id}) == 1;
    const bool has_content =
        shop.number("SELECT count(*) FROM email_contents WHERE send_id = $1", {send.id}) == 1;
    CHECK(has_job == (send.status == SendStatus::Queued));
    CHECK(has_content == has_job);
    return send.skipped_reason ? std::string(to_string(*send.skipped_reason)) : "";
  };
  CHECK(skipped({}) == "");
  CHECK(skipped(in) == "ProfileUnsubscribed");
  CHECK(skipped(out) == "");
  CHECK(skipped(in, "unknown1@example.com") == "ProfileUnsubscribed");
  CHECK(skipped(out, "unknown2@example.com") == "");
  choose(in, true);
  choose(out, false);
  CHECK(skipped(in) == "");
  CHECK(skipped(out) == "ProfileUnsubscribed");
  choose(in, false);
  CHECK(skipped(in) == "ProfileUnsubscribed");
  shop.database->write([&](Transaction& tx) {
    suppress_address(tx, shop.organization.id, mailbox("ALEX@example.com"), "HardBounce");
    suppress_address(tx, shop.organization.id, mailbox("late@example.com"), "HardBounce");
  });
  CHECK(skipped({}) == "ProfileSuppressed");
  CHECK(skipped({}, "late@example.com") == "ProfileSuppressed");
  const auto made = shop.number("SELECT count(*) FROM profiles");
  shop.erase(alex);
  CHECK(skipped({}) == "ProfileErased");
  CHECK(skipped(in, "Alex@Example.Com") == "ProfileErased");
  CHECK(shop.number("SELECT count(*) FROM profiles") == made);
  const EmailSend by_id = shop.sent(with(shop.request("by-id"), [&](auto& r) {
    r.to.reset();
    r.profile_id = alex;
  }));
  CHECK(by_id.skipped_reason == SkippedReason::ProfileErased);
  CHECK(by_id.to_email == kErasedAddress);
  CHECK(shop.number("SELECT count(*) FROM profile_external_ids") == 0);
}

TEST_CASE("accept: what rendering reads is frozen") {
  Shop shop;
  const Uuid alex = shop.add_profile("alex@example.com");
  const std::string properties =
      R"({"firstName": {"value": "Alex"}, "secret": {"value": "hidden"}})";
  shop.change("UPDATE profiles SET properties = $1", {properties});
  const EmailSend send = shop.sent(shop.request("a"));
  CHECK(send.subject == "Receipt for order ord_1");
  CHECK(send.template_snapshot_id == shop.receipt.snapshot_id);
  shop.change("UPDATE profiles SET properties = '{}'");
  Json edited = simple_definition();
  edited["subject"] = "Edited";
  shop.add_template("receipt", edited, shop.receipts.id);
  CHECK(shop.stored(send.id).subject == "Receipt for order ord_1");
  CHECK(shop.stored(send.id).template_snapshot_id == shop.receipt.snapshot_id);
  const auto content = shop.rows("SELECT data, profile FROM email_contents").at(0);
  CHECK(content[0].text() == R"({"orderId":"ord_1"})");
  CHECK(content[1].text() == R"({"firstName":"Alex"})");
  CHECK(shop.sent(shop.request("b")).subject == "Edited");
  CHECK(shop.sent(with(shop.request("c"), [](auto& r) { r.subject = "Mine ${/data/orderId}"; }))
            .subject.starts_with("Mine"));
  CHECK(send.profile_id == alex);
}

TEST_CASE("accept: everything else is kept as asked") {
  Shop shop;
  ApiKey careful = shop.key;
  careful.at_most_once = true;
  const auto results = shop.accept_as(careful, {with(shop.request("a"), [](auto& r) {
                                        r.cc = {mailbox("Al <cc@example.net>")};
                                        r.bcc = {mailbox("b1@example.net"), mailbox("b2@a.org")};
                                        r.click_tracking = false;
                                      })});
  const EmailSend send = shop.stored(results[0].value().send.id);
  CHECK(send.status == SendStatus::Queued);
  CHECK(send.cc == std::vector{mailbox("Al <cc@example.net>")});
  CHECK(send.bcc == std::vector{mailbox("b1@example.net"), mailbox("b2@a.org")});
  CHECK_FALSE(send.click_tracking);
  CHECK(send.at_most_once);
  CHECK_FALSE(send.message_id);
  CHECK(send.created_at == test::kStart);
  CHECK(send.deadline_at == test::kStart + AcceptSettings{}.deadline);
  const auto job = shop.rows("SELECT kind, subject_id, due_at, attempts FROM jobs").at(0);
  CHECK(job[0].text() == "Deliver");
  CHECK(job[1].uuid() == send.id);
  CHECK(job[2].integer() == test::kStart);
}
