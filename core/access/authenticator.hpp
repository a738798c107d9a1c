// Turns the secret a caller shows into an ApiKey, remembering the answer for less than a second so
// that revoked and new keys take effect on every node within one.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/access/api_keys.hpp"
#include "core/base/clock.hpp"

namespace segmentflow {

// Thread-safe.
class Authenticator {
 public:
  Authenticator(Database& database, const Clock& clock) : database_(database), clock_(clock) {}

  // Whether the secret has the form of a key. verify() refuses another at once, without asking the
  // database.
  static bool has_form(std::string_view secret);

  // Whether the secret was a live key when it was looked up last.
  bool was_live(std::string_view secret);

  // What is remembered of the secret: the key when it was live less than 500 ms ago, else nullptr.
  std::shared_ptr<const ApiKey> remembered(std::string_view secret);

  // Asks the database (blocks: call it on a reader thread). Unauthorized for a missing, malformed,
  // unknown or revoked key; NotReady when the database cannot serve, and for a key with guard-rails
  // that this version does not know.
  Result<std::shared_ptr<const ApiKey>> verify(std::string_view secret);

 private:
  struct Entry {
    std::shared_ptr<const ApiKey> key;
    Time verified_at;
  };
  static constexpr Time kMemory = kMicrosPerSecond / 2;
  static constexpr std::size_t kEntriesMax = 10'000;

  Database& database_;
  const Clock& clock_;
  std::mutex mutex_;
  std::unordered_map<std::string, Entry> entries_;  // by SHA-256 of the secret
};

}  // namespace segmentflow
