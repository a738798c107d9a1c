#include <catch2/catch.hpp>

#include "tests/unit/engine/shop.hpp"

using namespace segmentflow;
using test::mailbox;
using test::Shop;

TEST_CASE("profiles: one profile per mailbox and organisation") {
  Shop shop;
  const Uuid alex = shop.add_profile("Alex@Example.com");
  CHECK(shop.add_profile("alex@example.COM") == alex);
  CHECK(shop.add_profile("sam@example.com") != alex);
  const Uuid foreign = shop.write([&](Transaction& tx) {
    const auto other = ensure_organization(tx, shop.ids, "B");
    return ensure_profile(tx, shop.ids, other.id, mailbox("alex@example.com"));
  });
  CHECK(foreign != alex);
}

TEST_CASE("profiles: whether a group lets mail through") {
  using enum SubscriptionPolicy;
  CHECK_FALSE(is_subscribed(OptIn, std::nullopt));
  CHECK(is_subscribed(OptIn, true));
  CHECK_FALSE(is_subscribed(OptIn, false));
  CHECK(is_subscribed(OptOut, std::nullopt));
  CHECK(is_subscribed(OptOut, true));
  CHECK_FALSE(is_subscribed(OptOut, false));
  for (const auto policy : {OptIn, OptOut}) {
    CHECK(parse_subscription_policy(to_string(policy)) == policy);
  }
  CHECK_FALSE(parse_subscription_policy("optin"));
}

TEST_CASE("profiles: groups have one policy for ever and are found by id and name") {
  Shop shop;
  const auto add = [&](std::string_view name, SubscriptionPolicy policy) {
    return shop.write([&](Transaction& tx) {
      return add_subscription_group(tx, shop.ids, shop.organization.id, name, policy);
    });
  };
  const auto group = add("News", SubscriptionPolicy::OptIn).value();
  CHECK(add("News", SubscriptionPolicy::OptIn).value().id == group.id);
  CHECK(add("News", SubscriptionPolicy::OptOut).error().code == ErrorCode::Conflict);
  CHECK(add("", SubscriptionPolicy::OptIn).error().code == ErrorCode::ValidationFailed);
  CHECK(add(std::string(201, 'x'), SubscriptionPolicy::OptIn).error().code ==
        ErrorCode::ValidationFailed);
  const auto find = [&](const Uuid& organization, std::string_view id_or_name) {
    return shop.write([&](Transaction& tx) {
      return find_subscription_group(tx, organization, id_or_name).has_value();
    });
  };
  CHECK(find(shop.organization.id, "News"));
  CHECK(find(shop.organization.id, group.id.to_string()));
  CHECK_FALSE(find(shop.ids.next(), group.id.to_string()));
}

TEST_CASE("profiles: erasure leaves a keyed hash and nothing to read") {
  Shop shop;
  const Uuid alex = shop.add_profile("alex@example.com");
  shop.change("UPDATE profiles SET properties = '{\"firstName\":{\"value\":\"Alex\"}}'");
  shop.change(
      "INSERT INTO profile_external_ids (organization_id, external_id, profile_id, created_at) "
      "VALUES ($1, 'c1', $2, 0)",
      {shop.organization.id, alex});
  shop.erase(alex);
  const auto row = shop.rows("SELECT email, email_key, properties, erased_at FROM profiles").at(0);
  CHECK(row[0].text().empty());
  CHECK(row[1].text() == erased_email_key(shop.secret, "alex@example.com"));
  CHECK(row[2].text() == "{}");
  CHECK(row[3].integer() == test::kStart);
  CHECK(shop.number("SELECT count(*) FROM profile_external_ids") == 0);
  // Keyed: another installation's hash tells nothing about this one's.
  CHECK(erased_email_key(InstallationSecret(std::string(32, 'x')), "alex@example.com") !=
        row[1].text());
  // Again changes nothing; a foreign or unknown one is not found.
  shop.clock.advance(kMicrosPerSecond);
  shop.erase(alex);
  CHECK(shop.number("SELECT erased_at FROM profiles") == test::kStart);
  const auto foreign = shop.write(
      [&](Transaction& tx) { return erase_profile(tx, shop.secret, shop.ids.next(), alex); });
  REQUIRE_FALSE(foreign);
  CHECK(foreign.error().code == ErrorCode::NotFound);
}
