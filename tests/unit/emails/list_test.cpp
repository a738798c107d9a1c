// Accept takes a list: every item is answered as if it had come alone, in order.
#include <catch2/catch.hpp>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <random>

#include "tests/unit/engine/shop.hpp"

using namespace segmentflow;
using test::mailbox;
using test::outcome;
using test::Shop;

TEST_CASE("list: a hundred items, good and bad, are answered in order") {
  Shop shop;
  std::vector<SendRequest> list;
  for (int i = 0; i < 100; ++i) {
    SendRequest each = shop.request("k" + std::to_string(i));
    each.to = mailbox("p" + std::to_string(i) + "@example.net");
    each.data = {{"orderId", i}};
    if (i % 3 == 1) each.template_ref = TemplateKey{"none"};
    if (i % 3 == 2) each.idempotency_key = "k" + std::to_string(i - 2);  // of another request
    list.push_back(std::move(each));
  }
  const auto results = shop.accept(std::move(list));
  REQUIRE(results.size() == 100);
  for (std::size_t i = 0; i < results.size(); ++i) {
    INFO(i);
    const char* expected = i % 3 == 0   ? "ok"
                           : i % 3 == 1 ? "NotFound /templateKey"
                                        : "IdempotencyConflict /idempotencyKey";
    CHECK(outcome(results[i]) == expected);
    if (results[i]) CHECK(results[i]->send.subject == "Receipt for order " + std::to_string(i));
  }
  CHECK(shop.number("SELECT count(*) FROM email_sends") == 34);
  CHECK(shop.number("SELECT count(*) FROM profiles") == 34);
  CHECK(shop.number("SELECT count(*) FROM jobs") == 34);
  CHECK(shop.committer->counters().commits == 1);
}

TEST_CASE("list: later items see what earlier ones make, and only that") {
  Shop shop;
  SendRequest bad = shop.request("a");
  bad.external_id = "c1";
  bad.from = mailbox("none@example.com");
  SendRequest alone = shop.request("b");
  alone.to.reset();
  alone.external_id = "c1";
  SendRequest makes = shop.request("c");
  makes.external_id = "c1";
  SendRequest finds = alone;
  finds.idempotency_key = "d";
  SendRequest clashes = shop.request("e");
  clashes.to = mailbox("sam@example.com");
  clashes.external_id = "c1";
  const auto results = shop.accept({bad, alone, makes, finds, clashes, makes, shop.request("f")});
  std::vector<std::string> outcomes;
  for (const auto& each : results) outcomes.push_back(outcome(each));
  CHECK(outcomes == std::vector<std::string>{"InvalidSenderProfile /from",
                                             "RecipientNotResolved /to/externalId", "ok", "ok",
                                             "RecipientConflict /to/externalId", "replay", "ok"});
  CHECK(results[3]->send.profile_id == results[2]->send.profile_id);
  CHECK(results[6]->send.profile_id == results[2]->send.profile_id);
  CHECK(results[5]->send.id == results[2]->send.id);
  CHECK(shop.number("SELECT count(*) FROM profiles") == 1);
  CHECK(shop.number("SELECT count(*) FROM email_sends") == 3);
}

TEST_CASE("list: a failed item that is repeated is judged again") {
  Shop shop;
  SendRequest bad = shop.request("a");
  bad.to.reset();
  bad.external_id = "late";
  SendRequest makes = shop.request("b");
  makes.external_id = "late";
  const auto results = shop.accept({bad, makes, bad, bad});
  CHECK(outcome(results[0]) == "RecipientNotResolved /to/externalId");
  CHECK(outcome(results[1]) == "ok");
  CHECK(outcome(results[2]) == "ok");
  CHECK(outcome(results[3]) == "replay");
}

TEST_CASE("list: commands of several callers share a commit and are answered apart") {
  Shop shop;
  std::vector<AcceptCommand> commands(4);
  for (const char* key : {"a", "b"}) {
    commands[0].items.push_back(prepare_accept(shop.key, shop.request(key), shop.secret));
  }
  commands[2].items.push_back(prepare_accept(shop.key, shop.request("b"), shop.secret));
  commands[3].items.push_back(prepare_accept(shop.key, shop.request("c"), shop.secret));
  const auto answers =
      shop.write([&](Transaction& tx) { return shop.accepting.apply(tx, commands); });
  REQUIRE(answers.size() == 4);
  CHECK(answers[0]->items.size() == 2);
  CHECK(answers[1]->items.empty());
  CHECK(outcome(answers[2]->items[0]) == "replay");
  CHECK(answers[2]->items[0]->send.id == answers[0]->items[1]->send.id);
  CHECK(outcome(answers[3]->items[0]) == "ok");
}

namespace {

// A world with enough of everything that items meet each other.
class RandomShop : public Shop {
 public:
  RandomShop() {
    add_template("news", test::simple_definition(), receipts.id, "Newsletter");
    add_template("second", test::simple_definition(), support.id);
    database->write([&](Transaction& tx) {
      group = test::must(
                  add_subscription_group(tx, ids, organization.id, "G", SubscriptionPolicy::OptIn))
                  .id;
      suppress_address(tx, organization.id, mailbox("p3@example.net"), "HardBounce");
    });
    erase(add_profile("p4@example.net"));
  }

  SendRequest random_request(std::mt19937& random, const std::string& prefix) {
    const auto pick = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
    SendRequest r = request(prefix + std::to_string(pick(8)));
    static constexpr const char* kTemplates[] = {"receipt", "receipt", "receipt",
                                                 "second",  "news",    "none"};
    r.template_ref = TemplateKey{kTemplates[pick(6)]};
    const std::string email = "p" + std::to_string(pick(12)) + "@example.net";
    r.to.reset();
    const int form = pick(4);
    if (form != 0) r.to = mailbox(email);
    if (form <= 1) r.external_id = "c" + std::to_string(pick(6));
    if (pick(4) == 0) r.from = mailbox(pick(3) == 0 ? "no@example.com" : "support@example.com");
    if (pick(8) == 0) r.reply_to = mailbox(pick(2) == 0 ? "r@example.com" : "r@elsewhere.org");
    if (pick(6) == 0) r.subscription_group_id = group;
    r.data = {{"orderId", pick(2)}};
    return r;
  }

  // What can be compared between two worlds whose ids differ: sends are named by their order.
  std::string seen(const Result<Accepted>& result) {
    if (!result) return outcome(result);
    const EmailSend& s = result->send;
    const auto name = names_.emplace(s.id, names_.size()).first->second;
    const auto profile = profiles_.emplace(s.profile_id, profiles_.size()).first->second;
    return outcome(result) + " #" + std::to_string(name) + " " + std::string(to_string(s.status)) +
           " " + (s.skipped_reason ? std::string(to_string(*s.skipped_reason)) : "-") + " " +
           s.to_email + " p" + std::to_string(profile) + " " + format_address(s.from) + " " +
           s.subject;
  }

  std::string left_behind() {
    std::string text;
    for (const char* table :
         {"profiles", "profile_external_ids", "email_sends", "email_contents", "jobs"}) {
      text += std::string(table) + " " +
              std::to_string(number("SELECT count(*) FROM " + std::string(table))) + ", ";
    }
    for (const auto& row :
         rows("SELECT x.external_id, p.email_key FROM profile_external_ids x JOIN profiles p "
              "ON p.id = x.profile_id ORDER BY x.external_id")) {
      text += row[0].text() + "=" + row[1].text() + " ";
    }
    return text;
  }

  Uuid group;

 private:
  std::map<Uuid, std::size_t> names_;
  std::map<Uuid, std::size_t> profiles_;
};

}  // namespace

TEST_CASE("list: accepting at once gives what accepting one by one gives") {
  const auto seed = static_cast<unsigned>(std::random_device{}());
  std::cout << "accept list seed " << seed << "\n";
  INFO("seed " << seed);
  std::mt19937 random(seed);
  RandomShop at_once;
  RandomShop one_by_one;
  int accepted = 0;
  for (int round = 0; round < 40; ++round) {
    const std::string prefix = std::to_string(round / 4) + "-";
    std::mt19937 same = random;
    std::vector<SendRequest> list;
    const auto size = 1 + random() % 16;
    same();
    std::vector<std::string> single;
    for (std::size_t i = 0; i < size; ++i) list.push_back(at_once.random_request(random, prefix));
    for (std::size_t i = 0; i < size; ++i) {
      single.push_back(
          one_by_one.seen(one_by_one.accept_one(one_by_one.random_request(same, prefix))));
    }
    std::vector<std::string> together;
    for (const auto& each : at_once.accept(std::move(list))) {
      together.push_back(at_once.seen(each));
      accepted += each ? 1 : 0;
    }
    INFO("round " << round);
    REQUIRE(together == single);
  }
  CHECK(at_once.left_behind() == one_by_one.left_behind());
  CHECK(accepted > 20);
}
