// Changing templates: who wins, what stays, what is refused.
#include <catch2/catch.hpp>

#include "core/jobs/jobs.hpp"
#include "tests/unit/engine/shop.hpp"

using namespace segmentflow;
using describe::Json;
using test::must;
using test::Shop;
using test::simple_definition;

namespace {

NewTemplate wanted(std::optional<std::string> key = {}) {
  NewTemplate made;
  made.key = std::move(key);
  made.name = "Welcome";
  made.definition = test::checked(simple_definition());
  return made;
}

// As operations do it: a change that is refused leaves nothing behind.
template <class Change>
auto change(Shop& shop, Change apply) -> decltype(apply(std::declval<Transaction&>())) {
  std::optional<decltype(apply(std::declval<Transaction&>()))> result;
  const auto done = shop.committer->run([&](Transaction& tx) -> Result<void> {
    result = apply(tx);
    if (!*result) return tl::unexpected(result->error());
    return {};
  });
  if (!done) return tl::unexpected(done.error());
  return std::move(*result);
}

Result<TemplateDetail> create(Shop& shop, const NewTemplate& each) {
  return change(shop, [&](Transaction& tx) {
    return create_template(tx, shop.ids, shop.organization.id, each);
  });
}

Result<TemplateDetail> update(Shop& shop, const Uuid& id, const TemplateChange& wanted) {
  return change(shop, [&](Transaction& tx) {
    return update_template(tx, shop.ids, shop.organization.id, id, wanted);
  });
}

template <class T>
describe::Patch<T> to(T value) {
  return {describe::Patch<T>::State::Value, std::move(value)};
}
template <class T>
describe::Patch<T> cleared() {
  return {describe::Patch<T>::State::Null, {}};
}

template <class T>
ErrorCode code_of(const Result<T>& result) {
  return result ? ErrorCode::Internal : result.error().code;
}

}  // namespace

TEST_CASE("template changes: what is absent stays, null clears") {
  Shop shop;
  NewTemplate first = wanted("welcome");
  first.sub_type = "onboarding";
  first.sender_profile_id = shop.receipts.id;
  const Template made = must(create(shop, first)).template_;
  CHECK(made.revision == 1);
  TemplateChange rename;
  rename.name = "Renamed";
  const Template renamed = must(update(shop, made.id, rename)).template_;
  CHECK(renamed.name == "Renamed");
  CHECK(renamed.key == "welcome");
  CHECK(renamed.sub_type == "onboarding");
  CHECK(renamed.sender_profile_id == shop.receipts.id);
  CHECK(renamed.snapshot_id == made.snapshot_id);
  CHECK(renamed.revision == 2);
  TemplateChange clear;
  clear.key = cleared<std::string>();
  clear.sub_type = cleared<std::string>();
  clear.sender_profile_id = cleared<Uuid>();
  const Template plain = must(update(shop, made.id, clear)).template_;
  CHECK(plain.key == std::nullopt);
  CHECK(plain.sub_type == std::nullopt);
  CHECK(plain.sender_profile_id == std::nullopt);
  CHECK(plain.name == "Renamed");
}

TEST_CASE("template changes: a revision that is not the current one is refused") {
  Shop shop;
  const Template made = must(create(shop, wanted())).template_;
  TemplateChange first;
  first.name = "First";
  first.if_revision = made.revision;
  const Template changed = must(update(shop, made.id, first)).template_;
  TemplateChange late;
  late.name = "Late";
  late.if_revision = made.revision;
  CHECK(code_of(update(shop, made.id, late)) == ErrorCode::PreconditionFailed);
  late.if_revision.reset();
  CHECK(must(update(shop, made.id, late)).template_.revision == changed.revision + 1);
}

TEST_CASE("template changes: keys are unique, and refused ones change nothing") {
  Shop shop;
  const Template one = must(create(shop, wanted("one"))).template_;
  const Template two = must(create(shop, wanted("two"))).template_;
  CHECK(code_of(create(shop, wanted("one"))) == ErrorCode::Conflict);
  TemplateChange clash;
  clash.name = "Clash";
  clash.key = to<std::string>("one");
  CHECK(code_of(update(shop, two.id, clash)) == ErrorCode::Conflict);
  const auto kept = shop.write(
      [&](Transaction& tx) { return retrieve_template(tx, shop.organization.id, two.id); });
  CHECK(must(kept).template_.name == "Welcome");
  clash.key = to<std::string>("two");  // its own
  CHECK(must(update(shop, two.id, clash)).template_.name == "Clash");
  CHECK(one.key == "one");
}

TEST_CASE("template changes: another organisation's template is not there") {
  Shop shop;
  const Template made = must(create(shop, wanted())).template_;
  const Uuid other =
      shop.write([&](Transaction& tx) { return ensure_organization(tx, shop.ids, "B"); }).id;
  TemplateChange rename;
  rename.name = "Taken";
  CHECK(code_of(change(shop, [&](Transaction& tx) {
          return update_template(tx, shop.ids, other, made.id, rename);
        })) == ErrorCode::NotFound);
  CHECK(code_of(change(shop, [&](Transaction& tx) {
          return duplicate_template(tx, shop.ids, other, made.id, {}, {});
        })) == ErrorCode::NotFound);
  CHECK(code_of(change(shop, [&](Transaction& tx) {
          return set_template_status(tx, other, made.id, "Archived");
        })) == ErrorCode::NotFound);
  CHECK(code_of(change(shop, [&](Transaction& tx) {
          return delete_template(tx, other, made.id);
        })) == ErrorCode::NotFound);
}

TEST_CASE("template changes: a duplicate is Active, with a name and key of its own") {
  Shop shop;
  const Template made = must(create(shop, wanted("one"))).template_;
  shop.write([&](Transaction& tx) {
    return must(set_template_status(tx, shop.organization.id, made.id, "Archived"));
  });
  const auto copy = shop.write([&](Transaction& tx) {
    return must(duplicate_template(tx, shop.ids, shop.organization.id, made.id, {}, {}));
  });
  CHECK(copy.template_.id != made.id);
  CHECK(copy.template_.status == "Active");
  CHECK(copy.template_.key == std::nullopt);
  CHECK(copy.template_.name == "Copy of Welcome");
  CHECK(copy.template_.is_complete);
  CHECK(Json::parse(copy.definition) == simple_definition());
  CHECK(code_of(change(shop, [&](Transaction& tx) {
          return duplicate_template(tx, shop.ids, shop.organization.id, made.id, "Copy", "one");
        })) == ErrorCode::Conflict);
}

TEST_CASE("template changes: archived ones are not sent, unarchived ones are") {
  Shop shop;
  const auto set = [&](std::string_view status) {
    shop.write([&](Transaction& tx) {
      return must(set_template_status(tx, shop.organization.id, shop.receipt.id, status));
    });
  };
  set("Archived");
  CHECK(test::outcome(shop.accept_one(shop.request("a"))) != "ok");
  set("Archived");  // again: stays
  set("Active");
  CHECK(test::outcome(shop.accept_one(shop.request("b"))) == "ok");
}

TEST_CASE("template changes: one that waits to be delivered is not deleted") {
  Shop shop;
  const Uuid send = shop.sent(shop.request("a")).id;
  const auto remove = [&] {
    return change(shop, [&](Transaction& tx) {
      return delete_template(tx, shop.organization.id, shop.receipt.id);
    });
  };
  CHECK(code_of(remove()) == ErrorCode::Conflict);
  shop.change("UPDATE email_sends SET status = 'Sent'");
  shop.change("DELETE FROM jobs");
  CHECK(remove());
  CHECK(code_of(remove()) == ErrorCode::NotFound);
  CHECK(shop.stored(send).template_id == shop.receipt.id);  // history stays
  CHECK(shop.number("SELECT count(*) FROM template_snapshots") > 0);
}

TEST_CASE("template changes: names and keys end at their limits") {
  Shop shop;
  NewTemplate longest = wanted(std::string(kTemplateKeyLengthMax, 'k'));
  longest.name = std::string(kTemplateNameLengthMax, 'n');
  const Template made = must(create(shop, longest)).template_;
  TemplateChange over;
  over.name = std::string(kTemplateNameLengthMax + 1, 'n');
  over.key = to(std::string(kTemplateKeyLengthMax + 1, 'k'));
  const auto refused = update(shop, made.id, over);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::ValidationFailed);
  REQUIRE(refused.error().problems.size() == 2);
  CHECK(refused.error().problems[0].path == "/name");
  CHECK(refused.error().problems[1].path == "/key");
  // The name of a copy is as much of "Copy of ..." as there is room for, in whole characters.
  TemplateChange rename;
  std::string umlauts;
  for (std::size_t at = 0; at < kTemplateNameLengthMax / 2; ++at) umlauts += "\xC3\xBC";
  rename.name = "n" + umlauts.substr(2);
  must(update(shop, made.id, rename));
  const auto copy = must(change(shop, [&](Transaction& tx) {
    return duplicate_template(tx, shop.ids, shop.organization.id, made.id, {}, {});
  }));
  CHECK(copy.template_.name.starts_with("Copy of n\xC3\xBC"));
  CHECK(copy.template_.name.size() == kTemplateNameLengthMax - 1);
  CHECK(copy.template_.name.ends_with("\xC3\xBC"));
}

TEST_CASE("template changes: a definition that breaks it makes a template incomplete, and back") {
  Shop shop;
  TemplateChange broken;
  Json definition = simple_definition();
  definition["body"]["elements"]["t"]["type"] = "Txt";
  broken.definition = test::checked(definition);
  const Template incomplete = must(update(shop, shop.receipt.id, broken)).template_;
  CHECK_FALSE(incomplete.is_complete);
  CHECK(Json::parse(incomplete.problems).at(0).at("path") == "/body/elements/t/type");
  CHECK(test::outcome(shop.accept_one(shop.request("a"))).starts_with("TemplateIncomplete"));
  TemplateChange rename;
  rename.name = "Still broken";
  CHECK_FALSE(must(update(shop, shop.receipt.id, rename)).template_.is_complete);
  TemplateChange mended;
  mended.definition = test::checked(simple_definition());
  CHECK(must(update(shop, shop.receipt.id, mended)).template_.is_complete);
  CHECK(test::outcome(shop.accept_one(shop.request("a"))) == "ok");
}

TEST_CASE("template changes: a queue too long to look through forbids deleting") {
  Shop shop;
  const auto fill_to = [&](std::int64_t jobs) {
    const std::int64_t missing = jobs - shop.number("SELECT count(*) FROM jobs");
    std::vector<NewJob> more;
    for (std::int64_t i = 0; i < missing; ++i) {
      more.push_back({shop.organization.id, JobKind::Deliver, shop.ids.next(), test::kStart,
                      test::kStart + test::kJobTime});
    }
    shop.database->write([&](Transaction& tx) { add_jobs(tx, more); });
  };
  const auto remove = [&] {
    return change(shop, [&](Transaction& tx) {
      return delete_template(tx, shop.organization.id, shop.receipt.id);
    });
  };
  fill_to(kDeleteScanJobs);
  const auto refused = remove();
  CHECK(code_of(refused) == ErrorCode::Conflict);
  CHECK(refused.error().message.find("too many to tell") != std::string::npos);
  shop.change("DELETE FROM jobs WHERE row_id = (SELECT max(row_id) FROM jobs)");
  CHECK(remove());
}
