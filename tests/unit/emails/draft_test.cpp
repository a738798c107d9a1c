// What would take long is made outside the accepting transaction, and counts only while it still
// fits.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "core/templates/template_changes.hpp"
#include "tests/unit/engine/shop.hpp"

using namespace segmentflow;
using describe::Json;
using test::must;
using test::outcome;
using test::Shop;

namespace {

// More than others may wait for.
SendRequest heavy(const Shop& shop, std::string key) {
  SendRequest wanted = shop.request(std::move(key));
  wanted.data["padding"] = std::string(kQuickDraftBytes, 'x');
  return wanted;
}

AcceptCommand command(const Shop& shop, std::vector<SendRequest> requests) {
  AcceptCommand made;
  for (auto& each : requests) {
    made.items.push_back(prepare_accept(shop.key, std::move(each), shop.secret));
  }
  return made;
}

std::vector<Result<AcceptAnswer>> answers_to(Shop& shop,
                                             const std::vector<AcceptCommand>& commands) {
  return shop.write([&](Transaction& tx) { return shop.accepting.apply(tx, commands); });
}

void update_subject(Shop& shop, const char* subject) {
  TemplateChange change;
  Json definition = test::simple_definition();
  definition["subject"] = subject;
  change.definition = test::checked(definition);
  shop.write([&](Transaction& tx) {
    return must(update_template(tx, shop.ids, shop.organization.id, shop.receipt.id, change));
  });
}

}  // namespace

TEST_CASE("draft: a subject over large data is made outside, and the send is as any other") {
  Shop shop;
  CHECK(shop.sent(heavy(shop, "a")).subject == "Receipt for order ord_1");
  CHECK(outcome(shop.accept_one(heavy(shop, "a"))) == "replay");
  SendRequest own = heavy(shop, "b");
  own.subject = "Mine";
  CHECK(shop.sent(own).subject == "Mine");
}

TEST_CASE("draft: a command that wants drafts leaves nothing behind, and harms no neighbour") {
  Shop shop;
  std::vector<AcceptCommand> commands;
  commands.push_back(command(shop, {shop.request("a")}));
  commands.push_back(command(shop, {shop.request("b"), heavy(shop, "c")}));
  commands.push_back(command(shop, {shop.request("b")}));  // not a repeat of what is put aside
  const auto answers = answers_to(shop, commands);
  CHECK(outcome(answers[0]->items.at(0)) == "ok");
  CHECK(answers[1]->items.empty());
  REQUIRE(answers[1]->orders.size() == 1);
  CHECK(answers[1]->orders[0].item == 1);
  CHECK(outcome(answers[2]->items.at(0)) == "ok");
  CHECK(shop.number("SELECT count(*) FROM email_sends") == 2);
}

TEST_CASE("draft: a dry run orders drafts too, and writes nothing") {
  Shop shop;
  AcceptCommand trial = command(shop, {heavy(shop, "a")});
  trial.is_dry_run = true;
  const auto answer = shop.accept_command(std::move(trial));
  CHECK(answer.items.at(0)->send.subject == "Receipt for order ord_1");
  CHECK(shop.number("SELECT count(*) FROM email_sends") == 0);
}

TEST_CASE("draft: one made of an earlier state of the template is ordered anew") {
  Shop shop;
  std::vector<AcceptCommand> commands{command(shop, {heavy(shop, "a")})};
  AcceptItem& item = *commands[0].items[0];
  auto answers = answers_to(shop, commands);
  item.draft = std::make_shared<const Draft>(make_draft(item, answers[0]->orders.at(0).sources));
  update_subject(shop, "Changed: ${/data/orderId}");
  answers = answers_to(shop, commands);
  REQUIRE(answers[0]->orders.size() == 1);
  CHECK(answers[0]->orders[0].sources.snapshot_id != item.draft->made_from.snapshot_id);
  CHECK(outcome(shop.accept_command(std::move(commands[0])).items.at(0)) == "ok");
  CHECK(must(shop.accept_one(heavy(shop, "a"))).send.subject == "Changed: ord_1");
}

TEST_CASE("draft: a template that is not compiled yet is compiled outside") {
  Shop shop;
  update_subject(shop, "New");
  const std::vector<AcceptCommand> commands{command(shop, {shop.request("a")})};
  const auto answers = answers_to(shop, commands);
  REQUIRE(answers[0]->orders.size() == 1);
  CHECK(answers[0]->orders[0].sources.compiled == nullptr);
  CHECK(shop.sent(shop.request("a")).subject == "New");
}

TEST_CASE("draft: a stored definition that this version does not take refuses its sends") {
  Shop shop;
  update_subject(shop, "New");
  shop.write([&](Transaction& tx) {
    tx.query("UPDATE template_snapshots SET definition = '[]'", {});
    return 0;
  });
  CHECK(outcome(shop.accept_one(shop.request("a"))).starts_with("ValidationFailed"));
}

TEST_CASE("draft: data that does not fit its template is named") {
  Shop shop;
  SendRequest wanted = shop.request("a");
  wanted.data = {{"order_id", "ord_1"}, {"a/b", 1}};
  AcceptCommand list = command(shop, {wanted});
  const auto item = list.items[0];
  const auto accepted = shop.accept_command(std::move(list));
  const DataFit fit = data_fit(*item, *must(accepted.items.at(0)).made_from);
  CHECK(fit.missing_paths == std::vector<std::string>{"/data/orderId", "/profile/firstName"});
  CHECK(fit.unused_data == std::vector<std::string>{"/data/order_id", "/data/a~1b"});
}
