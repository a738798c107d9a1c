// Organisations and API keys. A key is shown once and kept as its SHA-256.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/access/guards.hpp"
#include "core/base/clock.hpp"
#include "core/base/error.hpp"
#include "core/base/id.hpp"
#include "core/store/database.hpp"

namespace segmentflow {

struct Organization {
  Uuid id;
  std::string name;
};

struct ApiKey {
  Uuid id;
  Uuid organization_id;
  std::string organization_name;
  std::string name;
  std::string last4;
  std::vector<std::string> scopes;
  bool at_most_once = false;             // an attempt with an unknown outcome is not repeated
  std::shared_ptr<const Guards> guards;  // null for none
  std::optional<Error> unusable;         // why this version must not serve the key; see guards.hpp
  Time created_at = 0;
  std::optional<Time> revoked_at;

  bool allows(std::string_view scope) const;  // "" is allowed to every key
};

struct NewApiKey {
  ApiKey key;
  std::string secret;  // "sk_live_..."; shown once, never stored
};

// The form of a key: prefix and 43 base64url characters of 256 random bits.
inline constexpr std::string_view kApiKeyPrefix = "sk_live_";
inline constexpr std::size_t kApiKeyCharacters = 43;  // after the prefix

// Creates the organisation, or gives the existing one of that name.
Organization ensure_organization(Transaction& tx, IdSource& ids, std::string_view name);
std::vector<Organization> list_organizations(Transaction& tx);

NewApiKey create_api_key(Transaction& tx, IdSource& ids, Entropy& entropy,
                         const Organization& organization, std::string_view name,
                         const std::vector<std::string>& scopes, bool at_most_once,
                         const Guards& guards = {});
std::vector<ApiKey> list_api_keys(Transaction& tx);
// Revokes by id or by last four characters when they are unambiguous. NotFound, Conflict.
Result<ApiKey> revoke_api_key(Transaction& tx, std::string_view id_or_last4);
// The live key with this secret, nullopt for an unknown or revoked one.
std::optional<ApiKey> find_api_key(Transaction& tx, std::string_view secret);
// Whether any live key exists: without one, serving beyond loopback is refused.
bool any_api_key(Transaction& tx);

}  // namespace segmentflow
