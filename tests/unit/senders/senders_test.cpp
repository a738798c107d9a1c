#include <catch2/catch.hpp>

#include "tests/unit/engine/shop.hpp"

using namespace segmentflow;
using test::mailbox;
using test::Shop;

TEST_CASE("senders: domains are lower case, kept once, and must be domain names") {
  Shop shop;
  const auto add = [&](std::string_view name) {
    return shop.write([&](Transaction& tx) {
      return add_sending_domain(tx, shop.ids, shop.organization.id, name);
    });
  };
  const auto first = add("Mail.Example.ORG").value();
  CHECK(first.domain == "mail.example.org");
  CHECK(first.status == kDomainVerified);
  CHECK(add("mail.example.org").value().id == first.id);
  for (const char* bad : {"", "a@b.co", "example", "exa mple.com", "b.co> , <x@c.co", "-a.com",
                          "a..com", "a.com\r\nX: y", "b.co "}) {
    INFO(bad);
    const auto refused = add(bad);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::ValidationFailed);
  }
}

TEST_CASE("senders: a profile needs a verified domain of its own organisation") {
  Shop shop;
  const auto add = [&](const Uuid& organization_id, std::string_view text) {
    return shop.write([&](Transaction& tx) {
      return add_sender_profile(tx, shop.ids, organization_id, mailbox(text));
    });
  };
  const Uuid other =
      shop.write([&](Transaction& tx) { return ensure_organization(tx, shop.ids, "B"); }).id;
  CHECK(add(other, "x@example.com").error().code == ErrorCode::InvalidSenderProfile);
  CHECK(add(shop.organization.id, "x@sub.example.com").error().code ==
        ErrorCode::InvalidSenderProfile);
  shop.change("UPDATE sending_domains SET status = 'Pending'");
  CHECK(add(shop.organization.id, "x@example.com").error().code == ErrorCode::InvalidSenderProfile);
}

TEST_CASE("senders: adding again renames and brings a removed one back") {
  Shop shop;
  shop.change("UPDATE sender_profiles SET removed_at = 1");
  const auto find = [&] {
    return shop.write([&](Transaction& tx) {
      return find_sender_profile(tx, shop.organization.id, mailbox("RECEIPTS@example.com"));
    });
  };
  CHECK(find().error().code == ErrorCode::InvalidSenderProfile);
  const auto again = shop.write([&](Transaction& tx) {
    return add_sender_profile(tx, shop.ids, shop.organization.id,
                              mailbox("Billing <Receipts@Example.com>"));
  });
  REQUIRE(again);
  CHECK(again->id == shop.receipts.id);
  CHECK(find().value().name == "Billing");
}
