// Hashes, keyed hashes and sealed secrets. Constructions are libsodium's; nothing is invented here.
// OpenSSL's are quicker for long texts, but its first use reads its configuration: a millisecond of
// every start.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/error.hpp"
#include "core/base/id.hpp"

namespace segmentflow {

// SHA-256 (FIPS 180-4), 32 bytes. For API keys: they hold 256 random bits, so a fast hash is right.
std::string sha256(std::string_view data);

std::string to_hex(std::string_view bytes);
std::string to_base64url(std::string_view bytes);  // RFC 4648 §5, without padding
std::string to_base64(std::string_view bytes);     // RFC 4648 §4

// Compares without telling by the time it takes where the texts differ.
bool equal_in_constant_time(std::string_view left, std::string_view right);

// `count` random bytes, at most 1024.
std::string random_bytes(Entropy& entropy, std::size_t count);

// The secret of an installation: 32 bytes from SEGMENTFLOW_SECRET (64 hex digits) or from a file
// `secret` (0600) in the data folder. Separate keys are derived for each use. Immutable,
// thread-safe.
class InstallationSecret {
 public:
  explicit InstallationSecret(std::string key_bytes);

  // From `hex` when not empty, else from `folder`/secret. ValidationFailed when the text is not 64
  // hex digits or the file is unreadable; NotFound when neither is there.
  static Result<InstallationSecret> load(std::string_view hex, const std::filesystem::path& folder);
  // As load(), making the file when neither is there.
  static Result<InstallationSecret> load_or_make(std::string_view hex,
                                                 const std::filesystem::path& folder,
                                                 Entropy& entropy);

  // HMAC-SHA-256 over `data`, 32 bytes, under a key of its own for `purpose`.
  std::string mac(std::string_view purpose, std::string_view data) const;

  // XSalsa20-Poly1305 with a random nonce in front (libsodium secretbox).
  std::string seal(std::string_view plain, Entropy& entropy) const;
  // Internal when the text was sealed with another secret or was changed.
  Result<std::string> unseal(std::string_view sealed) const;

  // Tells installations apart without giving the secret away; kept in the database.
  std::string check_value() const;

 private:
  class MacKeys;

  std::shared_ptr<MacKeys> mac_keys_;  // shared by copies
};

}  // namespace segmentflow
