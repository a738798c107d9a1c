#include "core/profiles/erasure.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <set>
#include <sstream>

#include "core/base/ascii.hpp"
#include "core/store/tables.hpp"
#include "tests/unit/engine/shop.hpp"

using namespace segmentflow;
using test::mailbox;
using test::Shop;

namespace {

const std::string kForgotten = "zelda.forgotten@example.com";

class Registry {
 public:
  explicit Registry(Shop& of) : shop(of) {}

  // Emails to the address and with copies to it, each with what a server said.
  void fill(int emails) {
    std::vector<SendRequest> wanted;
    for (int i = 0; i < emails; ++i) {
      SendRequest own = shop.request("own-" + std::to_string(i));
      own.to = mailbox("Zelda.Forgotten@example.com");
      if (i == 0)
        own.data = {{"orderId", kForgotten}, {"long", std::string(30'000, 'x') + kForgotten}};
      if (i == 1) own.subject = "For " + kForgotten;
      if (i == 2) own.idempotency_key = "welcome:" + kForgotten;
      wanted.push_back(std::move(own));
      SendRequest other = shop.request("other-" + std::to_string(i));
      if (i % 2 == 0) other.cc = {mailbox("sam@example.com"), mailbox("Z <" + kForgotten + ">")};
      if (i % 3 == 0) other.bcc = {mailbox("ZELDA.forgotten@Example.com")};
      if (i == 1) other.cc = {mailbox("not." + kForgotten)};
      wanted.push_back(std::move(other));
    }
    for (const auto& accepted : shop.accept(std::move(wanted)))
      sends.push_back(accepted.value().send);
    for (const auto& send : sends) {
      shop.change(
          "INSERT INTO delivery_attempts (organization_id, send_id, number, instance_id, outcome, "
          "phase, peer, reply_code, reply_enhanced, reply_text, detail, refused_copies, "
          "started_at) VALUES ($1, $2, 1, $2, 'Deferred', 'RcptTo', 'relay', 450, '4.2.1', $3, $3, "
          "$4, 0)",
          {shop.organization.id, send.id, "<" + kForgotten + "> is busy",
           "[{\"email\":\"" + kForgotten + "\"}]"});
    }
    for (const auto& send : sends) {
      shop.change(
          "INSERT INTO delivery_copies (organization_id, send_id, list, place, status, "
          "reply_code, reply_enhanced, message, tries, attempt, next_attempt_at, updated_at) "
          "VALUES ($1, $2, 'cc', 1, 'Processing', 450, '4.2.1', $3, 1, 1, 9, 0)",
          {shop.organization.id, send.id, "<" + kForgotten + "> is busy"});
    }
    shop.change("UPDATE email_sends SET failure_message = $1 WHERE profile_id = $2",
                {"550 <" + kForgotten + ">", sends.at(0).profile_id});
    shop.change(
        "INSERT INTO profile_external_ids (organization_id, external_id, profile_id, created_at) "
        "VALUES ($1, $2, $3, 0)",
        {shop.organization.id, kForgotten, sends.at(0).profile_id});
    shop.database->write([&](Transaction& tx) {
      suppress_address(tx, shop.organization.id, mailbox(kForgotten), "Complaint");
    });
  }

  Erasure erase() {
    return erase_address(*shop.database, shop.secret, shop.organization.id, mailbox(kForgotten));
  }

  // "table.column" of each value that holds the address.
  std::set<std::string> places() {
    std::set<std::string> found;
    REQUIRE(shop.database->read([&](Transaction& tx) {
      for (const Table& table : shop.database->tables(tx)) {
        for (const auto& column : table.described) {
          for (const auto& row : tx.query("SELECT " + column.name + " FROM " + table.name)) {
            if (holds(row[0])) found.insert(table.name + "." + column.name);
          }
        }
      }
    }));
    return found;
  }

  Shop& shop;
  std::vector<EmailSend> sends;

 private:
  static bool holds(const SqlValue& value) {
    const auto* text = std::get_if<std::string>(&value.variant());
    const auto* bytes = std::get_if<Bytes>(&value.variant());
    // The address of the neighbour holds this one.
    std::string all = ascii_lower(text ? *text : bytes ? bytes->value : "");
    for (std::size_t at; (at = all.find("not." + kForgotten)) != std::string::npos;)
      all.erase(at, 4 + kForgotten.size());
    return all.find(kForgotten) != std::string::npos;
  }
};

// What the servers said of emails that are no business of the address.
void forget_others(Shop& shop) {
  shop.change("DELETE FROM delivery_attempts WHERE reply_text <> ''");
  shop.change("DELETE FROM delivery_copies WHERE message <> ''");
}

std::string bytes_of_file(const std::string& path) {
  std::ostringstream all;
  all << std::ifstream(path, std::ios::binary).rdbuf();
  return ascii_lower(all.str());
}

}  // namespace

TEST_CASE("erasure: no column names the address any more, and others keep theirs") {
  Shop shop;
  Registry registry(shop);
  registry.fill(250);
  CHECK(registry.places() ==
        std::set<std::string>{"delivery_attempts.detail", "delivery_attempts.refused_copies",
                              "delivery_attempts.reply_text", "delivery_copies.message",
                              "email_contents.data", "email_sends.bcc", "email_sends.cc",
                              "email_sends.failure_message", "email_sends.idempotency_key",
                              "email_sends.subject", "email_sends.to_email",
                              "profile_external_ids.external_id", "profiles.email",
                              "profiles.email_key", "suppressions.email_key"});
  const Erasure erased = registry.erase();
  CHECK(erased.was_profile);
  CHECK(erased.emails > 250);
  // A copy to the address is owed no more; those to others are.
  CHECK(shop.number("SELECT count(*) FROM delivery_copies d JOIN email_sends s ON s.id = d.send_id "
                    "WHERE d.status = 'Processing' AND s.cc LIKE '%erased.invalid%'") == 0);
  CHECK(shop.number("SELECT count(*) FROM delivery_copies WHERE status = 'Processing'") > 0);
  // What a copy's server said of others' emails stays where it names another.
  CHECK(shop.number("SELECT count(*) FROM delivery_attempts WHERE reply_text <> ''") > 0);
  forget_others(shop);
  CHECK(registry.places().empty());
  const EmailSend other = shop.stored(registry.sends.at(1).id);
  CHECK(other.to_email == "alex@example.com");
  const Address nobody{std::string(kErasedAddress), std::nullopt};
  CHECK(other.cc == std::vector<Address>{mailbox("sam@example.com"), nobody});
  CHECK(other.bcc == std::vector<Address>{nobody});
  CHECK(shop.stored(registry.sends.at(3).id).cc.at(0).email == "not." + kForgotten);
  // The record stays, and its key where it names nobody; nothing goes to the address again.
  SendRequest again = shop.request("own-0");
  again.to = mailbox(kForgotten);
  again.data = {{"orderId", "other"}};
  CHECK(test::outcome(shop.accept_one(again)) == "IdempotencyConflict /idempotencyKey");
  again.idempotency_key = "welcome:" + kForgotten;
  CHECK(shop.sent(again).status == SendStatus::Skipped);
}

TEST_CASE("erasure: it may be repeated, and finds what an interruption left") {
  Shop shop;
  Registry registry(shop);
  registry.fill(3);
  shop.database->write([&](Transaction& tx) {
    mark_erased(tx, shop.secret, shop.organization.id, registry.sends.at(0).profile_id);
  });
  CHECK_FALSE(registry.places().empty());
  CHECK(registry.erase().was_profile);
  forget_others(shop);
  CHECK(registry.places().empty());
  const auto when = shop.number("SELECT erased_at FROM profiles WHERE erased_at IS NOT NULL");
  shop.clock.advance(kMicrosPerSecond);
  registry.erase();
  CHECK(shop.number("SELECT erased_at FROM profiles WHERE erased_at IS NOT NULL") == when);
  const auto nobody = erase_address(*shop.database, shop.secret, shop.organization.id,
                                    mailbox("nobody@example.com"));
  CHECK_FALSE(nobody.was_profile);
  CHECK(nobody.emails == 0);
}

TEST_CASE("erasure: other organisations keep what is theirs") {
  Shop shop;
  Registry registry(shop);
  registry.fill(3);
  const auto before = registry.places();
  erase_address(*shop.database, shop.secret, shop.ids.next(), mailbox(kForgotten));
  CHECK(registry.places() == before);
}

TEST_CASE("erasure: the address is not in the bytes of the file", "[sqlite]") {
  Shop shop;
  Registry registry(shop);
  registry.fill(40);
  const std::string path = shop.test_database.url().substr(std::string("sqlite:").size());
  registry.erase();
  forget_others(shop);
  // The last connection that closes writes the log into the file, and removes it.
  shop.committer.reset();
  shop.database.reset();
  std::string all = bytes_of_file(path) + bytes_of_file(path + "-wal");
  REQUIRE(all.size() > 50'000);
  for (std::size_t at = 0; (at = all.find(kForgotten, at)) != std::string::npos; ++at) {
    INFO("at " << at);
    CHECK(all.substr(at - 4, 4) == "not.");
  }
}
