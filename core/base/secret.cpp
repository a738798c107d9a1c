#include "core/base/secret.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cassert>
#include <cstring>
#include <fstream>
#include <map>
#include <mutex>

namespace segmentflow {
namespace {

constexpr std::size_t kSecretBytes = 32;

const unsigned char* as_bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* as_bytes(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

Result<std::string> from_hex(std::string_view hex, std::string_view where) {
  std::string key(kSecretBytes, '\0');
  std::size_t length = 0;
  const char* end = nullptr;
  const bool ok = sodium_hex2bin(as_bytes(key), key.size(), hex.data(), hex.size(), nullptr,
                                 &length, &end) == 0;
  if (!ok || length != kSecretBytes || end != hex.data() + hex.size()) {
    return fail(ErrorCode::ValidationFailed,
                fmt::format("{} must be {} hexadecimal digits.", where, kSecretBytes * 2));
  }
  return key;
}

// Written under another name first: who finds the file finds all of it.
Result<void> write_new_file(const std::filesystem::path& path, std::string_view text) {
  const std::string draft = fmt::format("{}.{}", path.string(), ::getpid());
  const int fd = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) {
    return fail(ErrorCode::NotReady,
                fmt::format("Cannot create {}: {}.", path.string(), std::strerror(errno)));
  }
  const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                       ::fsync(fd) == 0;
  ::close(fd);
  // link() and not rename(): the first of several makers wins.
  const bool placed = written && ::link(draft.c_str(), path.c_str()) == 0;
  ::unlink(draft.c_str());
  if (!placed) return fail(ErrorCode::NotReady, fmt::format("Cannot write {}.", path.string()));
  return {};
}

std::string encode_base64(std::string_view bytes, int variant) {
  std::string text(sodium_base64_encoded_len(bytes.size(), variant), '\0');
  sodium_bin2base64(text.data(), text.size(), as_bytes(bytes), bytes.size(), variant);
  text.resize(std::strlen(text.c_str()));
  return text;
}

}  // namespace

std::string sha256(std::string_view data) {
  std::string digest(crypto_hash_sha256_BYTES, '\0');
  crypto_hash_sha256(as_bytes(digest), as_bytes(data), data.size());
  return digest;
}

std::string to_hex(std::string_view bytes) {
  std::string text(bytes.size() * 2 + 1, '\0');
  sodium_bin2hex(text.data(), text.size(), as_bytes(bytes), bytes.size());
  text.pop_back();
  return text;
}

std::string to_base64url(std::string_view bytes) {
  return encode_base64(bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}
std::string to_base64(std::string_view bytes) {
  return encode_base64(bytes, sodium_base64_VARIANT_ORIGINAL);
}

bool equal_in_constant_time(std::string_view left, std::string_view right) {
  return left.size() == right.size() && sodium_memcmp(left.data(), right.data(), left.size()) == 0;
}

std::string random_bytes(Entropy& entropy, std::size_t count) {
  assert(count <= 1024);
  std::string bytes(count, '\0');
  entropy.fill({as_bytes(bytes), bytes.size()});
  return bytes;
}

// HMAC-SHA-256 states that have taken their key, one for each purpose.
class InstallationSecret::MacKeys {
 public:
  explicit MacKeys(std::string_view key) : root_(keyed(key)) {}

  std::string mac(std::string_view purpose, std::string_view data) {
    return finished(for_purpose(purpose), data);
  }

 private:
  using State = crypto_auth_hmacsha256_state;

  static State keyed(std::string_view key) {
    State state;
    crypto_auth_hmacsha256_init(&state, as_bytes(key), key.size());
    return state;
  }

  // The state is a copy, so that threads may share what it is copied from.
  static std::string finished(State state, std::string_view data) {
    std::string result(crypto_auth_hmacsha256_BYTES, '\0');
    crypto_auth_hmacsha256_update(&state, as_bytes(data), data.size());
    crypto_auth_hmacsha256_final(&state, as_bytes(result));
    return result;
  }

  // Purposes are words of the source, so there are few.
  State for_purpose(std::string_view purpose) {
    const std::lock_guard lock(mutex_);
    auto known = states_.find(purpose);
    if (known == states_.end()) {
      known = states_.emplace(purpose, keyed(finished(root_, purpose))).first;
    }
    return known->second;
  }

  const State root_;
  std::mutex mutex_;
  std::map<std::string, State, std::less<>> states_;
};

InstallationSecret::InstallationSecret(std::string key_bytes)
    : mac_keys_(std::make_shared<MacKeys>(key_bytes)) {
  assert(key_bytes.size() == kSecretBytes);
}

Result<InstallationSecret> InstallationSecret::load(std::string_view hex,
                                                    const std::filesystem::path& folder) {
  if (!hex.empty()) {
    return from_hex(hex, "SEGMENTFLOW_SECRET").map([](std::string key) {
      return InstallationSecret(std::move(key));
    });
  }
  const auto path = folder / "secret";
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) {
    return fail(ErrorCode::NotFound,
                fmt::format("The installation's secret is missing: {} does not exist and "
                            "SEGMENTFLOW_SECRET is not set. Restore the file from your backup.",
                            path.string()));
  }
  std::ifstream file(path);
  std::string text;
  if (!std::getline(file, text)) {
    return fail(ErrorCode::ValidationFailed, fmt::format("Cannot read {}.", path.string()));
  }
  return from_hex(text, path.string()).map([](std::string key) {
    return InstallationSecret(std::move(key));
  });
}

Result<InstallationSecret> InstallationSecret::load_or_make(std::string_view hex,
                                                            const std::filesystem::path& folder,
                                                            Entropy& entropy) {
  auto loaded = load(hex, folder);
  if (loaded || loaded.error().code != ErrorCode::NotFound) return loaded;
  const std::string text = to_hex(random_bytes(entropy, kSecretBytes)) + "\n";
  if (auto written = write_new_file(folder / "secret", text); !written) {
    // Another process may have made it in between.
    auto again = load(hex, folder);
    if (again) return again;
    return tl::unexpected(written.error());
  }
  return load(hex, folder);
}

std::string InstallationSecret::mac(std::string_view purpose, std::string_view data) const {
  return mac_keys_->mac(purpose, data);
}

std::string InstallationSecret::seal(std::string_view plain, Entropy& entropy) const {
  const std::string key = mac("seal", "v1");
  std::string sealed = random_bytes(entropy, crypto_secretbox_NONCEBYTES);
  std::string box(plain.size() + crypto_secretbox_MACBYTES, '\0');
  crypto_secretbox_easy(as_bytes(box), as_bytes(plain), plain.size(), as_bytes(sealed),
                        as_bytes(std::string_view(key)));
  return sealed + box;
}

Result<std::string> InstallationSecret::unseal(std::string_view sealed) const {
  constexpr std::size_t kOverhead = crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES;
  const std::string key = mac("seal", "v1");
  if (sealed.size() >= kOverhead) {
    std::string plain(sealed.size() - kOverhead, '\0');
    const auto box = sealed.substr(crypto_secretbox_NONCEBYTES);
    if (crypto_secretbox_open_easy(as_bytes(plain), as_bytes(box), box.size(), as_bytes(sealed),
                                   as_bytes(std::string_view(key))) == 0) {
      return plain;
    }
  }
  return fail(ErrorCode::Internal,
              "A sealed setting cannot be opened with this installation's secret.");
}

std::string InstallationSecret::check_value() const {
  return mac("check", "v1");
}

}  // namespace segmentflow
