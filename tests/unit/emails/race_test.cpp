// Two lists on two nodes want the same names: the one that comes second is answered as if it had
// come after the other.
#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

#include "tests/unit/engine/await.hpp"
#include "tests/unit/engine/shop.hpp"

using namespace segmentflow;
using test::await;
using test::mailbox;
using test::outcome;
using test::Shop;

namespace {

std::vector<AcceptCommand> commands(Shop& shop, std::vector<SendRequest> requests) {
  std::vector<AcceptCommand> list(1);
  for (auto& each : requests) {
    list[0].items.push_back(prepare_accept(shop.key, std::move(each), shop.secret));
  }
  return list;
}

// Accepts `first` in a transaction that ends when that of `second` waits for it; gives the answers
// to `second`.
std::vector<Result<Accepted>> race(Shop& shop, std::vector<SendRequest> first,
                                   std::vector<SendRequest> second) {
  const auto winner = commands(shop, std::move(first));
  const auto loser = commands(shop, std::move(second));
  const auto elsewhere = shop.open();
  std::atomic<bool> is_written = false;
  std::vector<Result<Accepted>> answers;
  std::thread winning([&] {
    elsewhere->write([&](Transaction& tx) {
      shop.accepting.apply(tx, winner);
      is_written = true;
      await([&] { return shop.number("SELECT count(*) FROM pg_locks WHERE NOT granted") > 0; });
    });
  });
  await([&] { return is_written.load(); });
  std::thread losing([&] {
    answers =
        shop.write([&](Transaction& tx) { return shop.accepting.apply(tx, loser); })[0]->items;
  });
  winning.join();
  losing.join();
  return answers;
}

SendRequest about(const Shop& shop, std::string key, const std::string& order) {
  SendRequest wanted = shop.request(std::move(key));
  wanted.data = {{"orderId", order}};
  return wanted;
}

}  // namespace

TEST_CASE("race: what the winner asked for replays, though the list's first item differs",
          "[postgres]") {
  Shop shop;
  shop.add_profile("alex@example.com");
  const auto answers =
      race(shop, {about(shop, "k", "won")},
           {about(shop, "k", "lost"), about(shop, "k", "won"), about(shop, "k", "lost")});
  CHECK(outcome(answers[0]) == "IdempotencyConflict /idempotencyKey");
  CHECK(outcome(answers[1]) == "replay");
  CHECK(outcome(answers[2]) == "IdempotencyConflict /idempotencyKey");
  CHECK(shop.number("SELECT count(*) FROM email_sends") == 1);
}

TEST_CASE("race: an external id leads to the profile of the node that linked it", "[postgres]") {
  Shop shop;
  shop.add_profile("alex@example.com");
  const Uuid sam = shop.add_profile("sam@example.com");
  SendRequest won = shop.request("a");
  won.to = mailbox("sam@example.com");
  won.external_id = "c1";
  SendRequest links = shop.request("b");
  links.external_id = "c1";
  SendRequest follows = shop.request("c");
  follows.to.reset();
  follows.external_id = "c1";
  const auto answers = race(shop, {won}, {links, follows});
  CHECK(outcome(answers[0]) == "RecipientConflict /to/externalId");
  REQUIRE(outcome(answers[1]) == "ok");
  CHECK(answers[1]->send.profile_id == sam);
  CHECK(answers[1]->send.to_email == "sam@example.com");
}
