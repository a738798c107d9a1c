#include "core/access/authenticator.hpp"

#include "core/base/secret.hpp"

namespace segmentflow {

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
  if (secret.starts_with(kApiKeyPrefix)) {
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
  if (entries_.size() >= kEntriesMax) entries_.clear();
  auto key = std::make_shared<const ApiKey>(std::move(*found));
  entries_[hash] = {key, asked_at};
  return key;
}

}  // namespace segmentflow
