#include <catch2/catch.hpp>

#include "core/access/authenticator.hpp"
#include "core/access/scopes.hpp"
#include "tests/unit/engine/house.hpp"

using namespace segmentflow;
using test::House;

namespace {

NewApiKey make_key(House& house, std::string_view organization,
                   const std::vector<std::string>& scopes = {"emails:read"}) {
  return house.write([&](Transaction& tx) {
    const Organization owner = ensure_organization(tx, house.ids, organization);
    return create_api_key(tx, house.ids, house.entropy, owner, "backend", scopes, false);
  });
}

Result<ApiKey> revoke(House& house, std::string_view id_or_last4) {
  return house.write([&](Transaction& tx) { return revoke_api_key(tx, id_or_last4); });
}

}  // namespace

TEST_CASE("scopes: every documented scope is known, and text goes both ways") {
  for (const auto scope : known_scopes()) {
    CHECK(parse_scopes(scope).value() == std::vector<std::string>{std::string(scope)});
  }
  const auto two = parse_scopes(" emails:write ,emails:read, emails:write").value();
  CHECK(two == std::vector<std::string>{"emails:write", "emails:read"});
  CHECK(join_scopes(two) == "emails:write,emails:read");
  CHECK(parse_scopes("all").value().size() == known_scopes().size());
}

TEST_CASE("scopes: what is no scope is refused by name") {
  const auto misspelt = parse_scopes("emails:wirte");
  REQUIRE_FALSE(misspelt);
  CHECK(misspelt.error().code == ErrorCode::ValidationFailed);
  CHECK(misspelt.error().message.find("\"emails:write\"") != std::string::npos);
  CHECK_FALSE(parse_scopes(""));
  CHECK_FALSE(parse_scopes("emails:read,,emails:write"));
  CHECK_FALSE(parse_scopes("Emails:Read"));
}

TEST_CASE("keys: the secret is shown once and kept as its hash") {
  House house;
  const NewApiKey made = make_key(house, "Acme", {"emails:read", "emails:write"});
  CHECK(made.secret.starts_with(kApiKeyPrefix));
  CHECK(made.secret.size() == kApiKeyPrefix.size() + 43);
  CHECK(made.secret.ends_with(made.key.last4));
  const auto row = house.rows("SELECT key_hash, name, scopes FROM api_keys").at(0);
  CHECK(row[0].bytes() == sha256(made.secret));
  const auto found = house.write([&](Transaction& tx) { return find_api_key(tx, made.secret); });
  REQUIRE(found);
  CHECK(found->id == made.key.id);
  CHECK(found->organization_name == "Acme");
  CHECK(found->scopes == made.key.scopes);
  CHECK(found->allows("emails:write"));
  CHECK(found->allows(""));
  CHECK_FALSE(found->allows("emails"));
  CHECK_FALSE(found->allows("templates:read"));
  CHECK_FALSE(house.write([&](Transaction& tx) { return find_api_key(tx, made.secret + "x"); }));
}

TEST_CASE("keys: revoking by id or by the last four characters") {
  House house;
  CHECK_FALSE(house.write([&](Transaction& tx) { return any_api_key(tx); }));
  const NewApiKey first = make_key(house, "Acme");
  const NewApiKey second = make_key(house, "Globex");
  CHECK(house.write([&](Transaction& tx) { return any_api_key(tx); }));
  REQUIRE(revoke(house, first.key.last4));
  CHECK_FALSE(house.write([&](Transaction& tx) { return find_api_key(tx, first.secret); }));
  CHECK(house.write([&](Transaction& tx) { return find_api_key(tx, second.secret); }));
  // Once more by id keeps the time; the last four of a revoked key name nothing.
  const Time revoked_at =
      *house.rows("SELECT revoked_at FROM api_keys WHERE id = $1", {first.key.id})[0][0]
           .optional_integer();
  house.clock.advance(kMicrosPerSecond);
  CHECK(revoke(house, first.key.id.to_string()).value().revoked_at == revoked_at);
  CHECK(revoke(house, first.key.last4).error().code == ErrorCode::NotFound);
  CHECK(revoke(house, house.ids.next().to_string()).error().code == ErrorCode::NotFound);
  house.change("UPDATE api_keys SET last4 = 'same', revoked_at = NULL");
  CHECK(revoke(house, "same").error().code == ErrorCode::Conflict);
}

TEST_CASE("keys: an organisation of a name is made once") {
  House house;
  const auto one =
      house.write([&](Transaction& tx) { return ensure_organization(tx, house.ids, "Acme"); });
  const auto two =
      house.write([&](Transaction& tx) { return ensure_organization(tx, house.ids, "Acme"); });
  CHECK(one.id == two.id);
  CHECK(house.write([&](Transaction& tx) { return list_organizations(tx).size(); }) == 1);
}

TEST_CASE("authenticator: a revoked key is refused after half a second") {
  House house;
  Authenticator authenticator(*house.database, house.clock);
  const NewApiKey made = make_key(house, "Acme");
  CHECK(authenticator.remembered(made.secret) == nullptr);
  REQUIRE(authenticator.verify(made.secret));
  REQUIRE(revoke(house, made.key.id.to_string()));
  house.clock.advance(kMicrosPerSecond / 2 - 1);
  CHECK(authenticator.remembered(made.secret) != nullptr);
  house.clock.advance(1);
  CHECK(authenticator.remembered(made.secret) == nullptr);
  const auto refused = authenticator.verify(made.secret);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::Unauthorized);
  CHECK(refused.error().message.find(made.secret) == std::string::npos);
}

TEST_CASE("authenticator: asking again forgets a revoked key at once") {
  House house;
  Authenticator authenticator(*house.database, house.clock);
  const NewApiKey made = make_key(house, "Acme");
  REQUIRE(authenticator.verify(made.secret));
  REQUIRE(revoke(house, made.key.id.to_string()));
  CHECK_FALSE(authenticator.verify(made.secret));
  CHECK(authenticator.remembered(made.secret) == nullptr);
}

TEST_CASE("authenticator: a clock set back does not make memories last") {
  House house;
  Authenticator authenticator(*house.database, house.clock);
  const NewApiKey made = make_key(house, "Acme");
  REQUIRE(authenticator.verify(made.secret));
  house.clock.advance(-3'600 * kMicrosPerSecond);
  CHECK(authenticator.remembered(made.secret) == nullptr);
}

TEST_CASE("authenticator: missing, malformed and unknown keys") {
  House house;
  Authenticator authenticator(*house.database, house.clock);
  const std::string unknown = std::string(kApiKeyPrefix) + std::string(43, 'a');
  for (const std::string& secret : {std::string(), std::string("x"), unknown}) {
    const auto refused = authenticator.verify(secret);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::Unauthorized);
  }
}
