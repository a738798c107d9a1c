#include "core/access/api_keys.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/access/scopes.hpp"
#include "core/base/secret.hpp"

namespace segmentflow {
namespace {

constexpr std::size_t kLastCharacters = 4;

constexpr std::string_view kKeyColumns =
    "k.id, k.organization_id, o.name, k.name, k.last4, k.scopes, k.at_most_once, k.created_at, "
    "k.revoked_at, k.guards";

ApiKey read_key(const SqlRow& row) {
  ApiKey key;
  key.id = row[0].uuid();
  key.organization_id = row[1].uuid();
  key.organization_name = row[2].text();
  key.name = row[3].text();
  key.last4 = row[4].text();
  key.scopes = parse_scopes(row[5].text()).value_or(std::vector<std::string>{});
  key.at_most_once = row[6].boolean();
  key.created_at = row[7].integer();
  key.revoked_at = row[8].optional_integer();
  if (row[9].is_null()) return key;
  if (auto guards = guards_from_json(row[9].text())) {
    key.guards = std::make_shared<const Guards>(std::move(*guards));
  } else {
    key.unusable = std::move(guards.error());
  }
  return key;
}

}  // namespace

bool ApiKey::allows(std::string_view scope) const {
  return scope.empty() || std::find(scopes.begin(), scopes.end(), scope) != scopes.end();
}

Organization ensure_organization(Transaction& tx, IdSource& ids, std::string_view name) {
  tx.query(
      "INSERT INTO organizations (id, name, created_at) VALUES ($1, $2, $3) "
      "ON CONFLICT (name) DO NOTHING",
      {ids.next(), name, tx.now()});
  const auto rows = tx.query("SELECT id, name FROM organizations WHERE name = $1", {name});
  return {rows.at(0)[0].uuid(), rows.at(0)[1].text()};
}

std::vector<Organization> list_organizations(Transaction& tx) {
  std::vector<Organization> found;
  for (const auto& row : tx.query("SELECT id, name FROM organizations ORDER BY row_id")) {
    found.push_back({row[0].uuid(), row[1].text()});
  }
  return found;
}

NewApiKey create_api_key(Transaction& tx, IdSource& ids, Entropy& entropy,
                         const Organization& organization, std::string_view name,
                         const std::vector<std::string>& scopes, bool at_most_once,
                         const Guards& guards) {
  NewApiKey made;
  // Keys are named by their end, on command lines too, where a dash would begin a flag.
  do {
    made.secret = std::string(kApiKeyPrefix) + to_base64url(random_bytes(entropy, 32));
  } while (made.secret[made.secret.size() - kLastCharacters] == '-');
  ApiKey& key = made.key;
  key.id = ids.next();
  key.organization_id = organization.id;
  key.organization_name = organization.name;
  key.name = name;
  key.last4 = made.secret.substr(made.secret.size() - kLastCharacters);
  key.scopes = scopes;
  key.at_most_once = at_most_once;
  key.created_at = tx.now();
  if (guards.any()) key.guards = std::make_shared<const Guards>(guards);
  const auto kept_guards = guards.any() ? SqlValue(guards_to_json(guards)) : SqlValue();
  tx.query(
      "INSERT INTO api_keys (id, organization_id, name, key_hash, last4, scopes, at_most_once, "
      "created_at, guards) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
      {key.id, key.organization_id, key.name, Bytes{sha256(made.secret)}, key.last4,
       join_scopes(scopes), at_most_once, key.created_at, kept_guards});
  return made;
}

std::vector<ApiKey> list_api_keys(Transaction& tx) {
  static const std::string sql = fmt::format(
      "SELECT {} FROM api_keys k JOIN organizations o ON o.id = k.organization_id "
      "ORDER BY k.row_id",
      kKeyColumns);
  std::vector<ApiKey> keys;
  for (const auto& row : tx.query(sql)) keys.push_back(read_key(row));
  return keys;
}

Result<ApiKey> revoke_api_key(Transaction& tx, std::string_view id_or_last4) {
  const auto id = Uuid::parse(id_or_last4);
  std::vector<ApiKey> matches;
  for (auto& key : list_api_keys(tx)) {
    const bool same = id ? key.id == *id : key.last4 == id_or_last4 && !key.revoked_at;
    if (same) matches.push_back(std::move(key));
  }
  if (matches.empty()) {
    return fail(
        ErrorCode::NotFound,
        fmt::format("There is no live API key \"{}\". See segmentflow keys list.", id_or_last4));
  }
  if (matches.size() > 1) {
    return fail(ErrorCode::Conflict, fmt::format("{} API keys end in \"{}\". Give the id instead.",
                                                 matches.size(), id_or_last4));
  }
  ApiKey key = std::move(matches.front());
  key.revoked_at = key.revoked_at.value_or(tx.now());
  tx.query("UPDATE api_keys SET revoked_at = $1 WHERE id = $2", {*key.revoked_at, key.id});
  return key;
}

std::optional<ApiKey> find_api_key(Transaction& tx, std::string_view secret) {
  static const std::string sql = fmt::format(
      "SELECT {} FROM api_keys k JOIN organizations o ON o.id = k.organization_id "
      "WHERE k.key_hash = $1 AND k.revoked_at IS NULL",
      kKeyColumns);
  const auto rows = tx.query(sql, {Bytes{sha256(secret)}});
  if (rows.empty()) return std::nullopt;
  return read_key(rows.front());
}

bool any_api_key(Transaction& tx) {
  return !tx.query("SELECT 1 FROM api_keys WHERE revoked_at IS NULL LIMIT 1").empty();
}

}  // namespace segmentflow
