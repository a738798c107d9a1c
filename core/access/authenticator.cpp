#include "core/access/authenticator.hpp"

#include <algorithm>

#include "core/base/secret.hpp"

namespace segmentflow {
namespace {

bool is_base64url(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
         c == '_';
}

}  // namespace

bool Authenticator::has_form(std::string_view secret) {
  return secret.starts_with(kApiKeyPrefix) &&
         secret.size() == kApiKeyPrefix.size() + kApiKeyCharacters &&
         std::ranges::all_of(secret.substr(kApiKeyPrefix.size()), is_base64url);
}

bool Authenticator::was_live(std::string_view secret) {
  const std::string hash = sha256(secret);
  const std::lock_guard lock(mutex_);
  return entries_.contains(hash);
}

std::shared_ptr<const ApiKey> Authenticator::remembered(std::string_view secret) {
  const std::string hash = sha256(secret);
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(hash);
  if (found == entries_.end()) return nullptr;
  // A negative age: the clock was set back, and nobody knows how old the answer is.
  const Time age = clock_.now() - found->second.verified_at;
  if (age < 0 || age >= kMemory) return nullptr;
  return found->second.key;
}

Result<std::shared_ptr<const ApiKey>> Authenticator::verify(std::string_view secret) {
  if (secret.empty()) {
    return fail(
        ErrorCode::Unauthorized,
        "No API key was given. Send it in the x-api-key header (or Authorization: Bearer).");
  }
  std::optional<ApiKey> found;
  const Time asked_at = clock_.now();
  if (has_form(secret)) {
    auto read = database_.read([&](Transaction& tx) { found = find_api_key(tx, secret); });
    if (!read) return tl::unexpected(read.error());
  }
  const std::string hash = sha256(secret);
  const std::lock_guard lock(mutex_);
  if (!found) {
    entries_.erase(hash);
    return fail(ErrorCode::Unauthorized,
                "The API key is unknown or revoked. Make one with segmentflow keys create.");
  }
  if (found->unusable) {
    entries_.erase(hash);
    return tl::unexpected(*found->unusable);
  }
  if (entries_.size() >= kEntriesMax) entries_.clear();
  auto key = std::make_shared<const ApiKey>(std::move(*found));
  entries_[hash] = {key, asked_at};
  return key;
}

}  // namespace segmentflow
