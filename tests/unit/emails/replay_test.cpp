// What makes a request the same: the fingerprint's semantics, as a table of pairs.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/unit/engine/shop.hpp"

using namespace segmentflow;
using describe::Json;
using test::mailbox;
using test::outcome;
using test::Shop;

namespace {

using Change = std::function<void(SendRequest&, Shop&)>;

struct Pair {
  const char* about;
  Change first;
  Change second;
  const char* expected;
};

void as_is(SendRequest&, Shop&) {}

Change data(const char* text) {
  return [text](SendRequest& r, Shop&) { r.data = describe::parse_json(text).value(); };
}
Change cc(std::vector<const char*> list) {
  return [list](SendRequest& r, Shop&) {
    for (const char* each : list) r.cc.push_back(mailbox(each));
  };
}
Change bcc(std::vector<const char*> list) {
  return [list](SendRequest& r, Shop&) {
    for (const char* each : list) r.bcc.push_back(mailbox(each));
  };
}
Change to(const char* email) {
  return [email](SendRequest& r, Shop&) { r.to = mailbox(email); };
}
Change from(const char* text) {
  return [text](SendRequest& r, Shop&) { r.from = mailbox(text); };
}
Change reply_to(const char* text) {
  return [text](SendRequest& r, Shop&) { r.reply_to = mailbox(text); };
}
Change subject(const char* text) {
  return [text](SendRequest& r, Shop&) { r.subject = text; };
}
Change external(const char* text, bool with_email) {
  return [text, with_email](SendRequest& r, Shop&) {
    r.external_id = text;
    if (!with_email) r.to.reset();
  };
}

constexpr const char* kReplay = "replay";
constexpr const char* kConflict = "IdempotencyConflict /idempotencyKey";

const std::vector<Pair>& pairs() {
  static const std::vector<Pair> all = {
      {"the same", as_is, as_is, kReplay},
      {"template by key or id",
       [](SendRequest& r, Shop&) { r.template_ref = TemplateKey{"receipt"}; }, as_is, kReplay},
      {"another template", as_is,
       [](SendRequest& r, Shop&) { r.template_ref = TemplateKey{"second"}; }, kConflict},
      {"an unknown template", as_is,
       [](SendRequest& r, Shop&) { r.template_ref = TemplateKey{"none"}; }, kConflict},
      {"letter case of an address", to("alex@example.com"), to("Alex@EXAMPLE.com"), kReplay},
      {"another recipient", to("alex@example.com"), to("sam@example.com"), kConflict},
      {"a new recipient", to("alex@example.com"), to("nobody@example.com"), kConflict},
      {"recipient by external id", external("c1", true), external("c1", false), kReplay},
      {"recipient by its profile", as_is,
       [](SendRequest& r, Shop& shop) {
         r.to.reset();
         r.profile_id = shop.rows("SELECT id FROM profiles WHERE email_key = 'alex@example.com'")
                            .at(0)[0]
                            .uuid();
       },
       kReplay},
      {"data in another order", data(R"({"a": 1, "b": {"c": 2, "d": 3}})"),
       data(R"({"b": {"d": 3, "c": 2}, "a": 1})"), kReplay},
      {"numbers spelt otherwise", data(R"({"a": 1, "b": 0.5})"), data(R"({"a": 1.0, "b": 5e-1})"),
       kReplay},
      {"a number is not its text", data(R"({"a": 1})"), data(R"({"a": "1"})"), kConflict},
      {"other data", data(R"({"a": 1})"), data(R"({"a": 2})"), kConflict},
      {"no data is none", data("{}"), [](SendRequest& r, Shop&) { r.data = Json::object(); },
       kReplay},
      {"null is a value of data", data(R"({"a": null})"), data("{}"), kConflict},
      {"order of lists in data", data(R"({"a": [1, 2]})"), data(R"({"a": [2, 1]})"), kConflict},
      {"copies in another order", cc({"a@x.org", "b@x.org"}), cc({"B@x.org", "a@x.org"}), kReplay},
      {"a further copy", cc({"a@x.org"}), cc({"a@x.org", "b@x.org"}), kConflict},
      {"the name of a copy", cc({"Al <a@x.org>"}), cc({"a@x.org"}), kConflict},
      {"cc is not bcc", cc({"a@x.org"}), bcc({"a@x.org"}), kConflict},
      {"bcc in another order", bcc({"a@x.org", "b@x.org"}), bcc({"b@x.org", "a@x.org"}), kReplay},
      {"sender by address or id", from("receipts@example.com"),
       [](SendRequest& r, Shop& shop) { r.sender_profile_id = shop.receipts.id; }, kReplay},
      {"sender named or left to the template", from("receipts@example.com"), as_is, kConflict},
      {"another sender", from("receipts@example.com"), from("support@example.com"), kConflict},
      {"an unknown sender", as_is, from("none@example.com"), kConflict},
      {"the sender's name for this send", from("Jo <receipts@example.com>"),
       from("receipts@example.com"), kConflict},
      {"reply-to in other letters", reply_to("Me@example.com"), reply_to("me@EXAMPLE.com"),
       kReplay},
      {"no reply-to", reply_to("me@example.com"), as_is, kConflict},
      {"the name of reply-to", reply_to("Me <me@example.com>"), reply_to("me@example.com"),
       kConflict},
      {"another subject", subject("One"), subject("Two"), kConflict},
      {"the template's own subject, given", as_is, subject("Receipt for order ord_1"), kConflict},
      {"tracking", as_is, [](SendRequest& r, Shop&) { r.click_tracking = false; }, kConflict},
      {"a subscription group", as_is,
       [](SendRequest& r, Shop& shop) { r.subscription_group_id = shop.organization.id; },
       kConflict},
  };
  return all;
}

class ReplayShop : public Shop {
 public:
  ReplayShop() {
    add_template("second", test::simple_definition(), receipts.id);
    add_profile("sam@example.com");
  }
};

}  // namespace

TEST_CASE("replay: what is the same request, one call after the other") {
  ReplayShop shop;
  for (const Pair& pair : pairs()) {
    INFO(pair.about);
    const std::string key = shop.ids.next().to_string();
    SendRequest first = shop.request(key);
    pair.first(first, shop);
    const auto accepted = shop.accept_one(first);
    REQUIRE(outcome(accepted) == "ok");
    SendRequest second = shop.request(key);
    pair.second(second, shop);
    const auto again = shop.accept_one(second);
    CHECK(outcome(again) == pair.expected);
    if (again) CHECK(again->send.id == accepted->send.id);
    // Neither replay nor conflict changes what the key stands for.
    CHECK(outcome(shop.accept_one(first)) == "replay");
  }
}

TEST_CASE("replay: the same inside one list") {
  ReplayShop shop;
  shop.sent(shop.request("makes alex"));
  for (const Pair& pair : pairs()) {
    INFO(pair.about);
    const std::string key = shop.ids.next().to_string();
    SendRequest first = shop.request(key);
    SendRequest second = shop.request(key);
    pair.first(first, shop);
    pair.second(second, shop);
    const auto results = shop.accept({first, second});
    REQUIRE(outcome(results[0]) == "ok");
    CHECK(outcome(results[1]) == pair.expected);
    if (results[1]) CHECK(results[1]->send.id == results[0]->send.id);
  }
}

TEST_CASE("replay: it outlives template, sender, group and profile") {
  Shop shop;
  const Uuid group = shop.write([&](Transaction& tx) {
    return add_subscription_group(tx, shop.ids, shop.organization.id, "G",
                                  SubscriptionPolicy::OptOut)
        .value()
        .id;
  });
  SendRequest wanted = shop.request("k");
  wanted.from = mailbox("support@example.com");
  wanted.reply_to = mailbox("me@example.com");
  wanted.external_id = "c1";
  wanted.subscription_group_id = group;
  const EmailSend first = shop.sent(wanted);
  shop.change("UPDATE templates SET status = 'Archived'");
  CHECK(outcome(shop.accept_one(wanted)) == "replay");
  shop.change("UPDATE sender_profiles SET removed_at = 1");
  shop.change("UPDATE sending_domains SET status = 'Failed'");
  CHECK(outcome(shop.accept_one(wanted)) == "replay");
  SendRequest by_key = wanted;
  by_key.template_ref = TemplateKey{"receipt"};
  CHECK(outcome(shop.accept_one(by_key)) == "replay");
  shop.erase(first.profile_id);
  shop.change("DELETE FROM subscription_groups");
  CHECK(outcome(shop.accept_one(wanted)) == "replay");
  // The erased address is still known by its hash.
  by_key.external_id.reset();
  SendRequest without_external = wanted;
  without_external.external_id.reset();
  CHECK(outcome(shop.accept_one(by_key)) == "replay");
  CHECK(outcome(shop.accept_one(without_external)) == "replay");
  shop.change("DELETE FROM templates");
  CHECK(outcome(shop.accept_one(wanted)) == "replay");
  // Nothing of it works for a new key.
  wanted.idempotency_key = "new";
  CHECK(outcome(shop.accept_one(wanted)) == "NotFound /templateId");
  CHECK(shop.number("SELECT count(*) FROM email_sends") == 1);
}

TEST_CASE("replay: a template's edit or another sender of it is still a replay") {
  Shop shop;
  const SendRequest wanted = shop.request("k");
  shop.sent(wanted);
  Json edited = test::simple_definition();
  edited["subject"] = "Edited";
  shop.add_template("receipt", edited, shop.support.id);
  const auto again = shop.accept_one(wanted);
  CHECK(outcome(again) == "replay");
  CHECK(again->send.subject == "Receipt for order ord_1");
  CHECK(again->send.from.email == "receipts@example.com");
}

TEST_CASE("replay: a refused request reserves no key") {
  Shop shop;
  SendRequest bad = shop.request("k");
  bad.template_ref = TemplateKey{"none"};
  CHECK(outcome(shop.accept_one(bad)) == "NotFound /templateKey");
  CHECK(outcome(shop.accept_one(shop.request("k"))) == "ok");
  CHECK(outcome(shop.accept_one(bad)) == kConflict);
}

TEST_CASE("replay: a key belongs to its organisation, not to the API key that used it") {
  Shop shop;
  const auto [same, other] = shop.write([&](Transaction& tx) {
    const auto globex = ensure_organization(tx, shop.ids, "Globex");
    const auto make = [&](const Organization& owner) {
      return create_api_key(tx, shop.ids, shop.entropy, owner, "k", {"emails:write"}, true).key;
    };
    test::must(add_sending_domain(tx, shop.ids, globex.id, "globex.org"));
    test::must(add_sender_profile(tx, shop.ids, globex.id, mailbox("G <g@globex.org>")));
    NewTemplate wanted;
    wanted.key = "receipt";
    wanted.name = "Receipt";
    wanted.purpose = "Transactional";
    describe::Json definition = test::simple_definition();
    definition["from"] = "g@globex.org";
    wanted.definition = test::checked(definition);
    const auto theirs = test::must(import_template(tx, shop.ids, globex.id, wanted)).template_;
    test::must(shop.templates.compile(theirs.snapshot_id, wanted.definition.text));
    return std::pair(make(shop.organization), make(globex));
  });
  SendRequest wanted = shop.request("k");
  wanted.template_ref = TemplateKey{"receipt"};
  // Both in one list of the committer's.
  std::vector<AcceptCommand> commands(3);
  commands[0].items.push_back(prepare_accept(shop.key, wanted, shop.secret));
  commands[1].items.push_back(prepare_accept(other, wanted, shop.secret));
  commands[2].items.push_back(prepare_accept(same, wanted, shop.secret));
  const auto answers =
      shop.write([&](Transaction& tx) { return shop.accepting.apply(tx, commands); });
  const Result<Accepted>& mine = answers[0].value().items[0];
  const Result<Accepted>& theirs = answers[1].value().items[0];
  const Result<Accepted>& again = answers[2].value().items[0];
  CHECK(outcome(mine) == "ok");
  CHECK(outcome(theirs) == "ok");
  CHECK(outcome(again) == "replay");
  CHECK(mine->send.id != theirs->send.id);
  CHECK(mine->send.profile_id != theirs->send.profile_id);
  CHECK(again->send.id == mine->send.id);
  CHECK_FALSE(again->send.at_most_once);
}
