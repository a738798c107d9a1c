#include "mcp/seal.hpp"

#include <sodium.h>

#include <array>
#include <charconv>
#include <memory>
#include <stdexcept>

#include "mcp/base64.hpp"

namespace mcp {
namespace {

constexpr std::size_t key_bytes = 32;
constexpr std::size_t mac_bytes = 32;
constexpr std::size_t name_bytes = 16;

void start_sodium() {
  if (sodium_init() < 0) throw std::runtime_error("libsodium cannot be initialised");
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// The length keeps text and context apart.
std::string signature(const Secrets& secrets, std::string_view payload, std::string_view context) {
  std::string together = std::to_string(payload.size());
  together.append(":").append(payload).append(context);
  return encode_base64(secrets.mac(together), Base64::UrlUnpadded);
}

}  // namespace

Secrets process_secrets() {
  start_sodium();
  auto key = std::make_shared<std::array<unsigned char, key_bytes>>();
  randombytes_buf(key->data(), key->size());
  return {[key](std::string_view text) {
            std::string mac(mac_bytes, '\0');
            crypto_generichash(reinterpret_cast<unsigned char*>(mac.data()), mac.size(),
                               bytes_of(text), text.size(), key->data(), key->size());
            return mac;
          },
          [] {
            std::string bytes(name_bytes, '\0');
            randombytes_buf(bytes.data(), bytes.size());
            return encode_base64(bytes, Base64::UrlUnpadded);
          }};
}

std::string seal(const Secrets& secrets, std::string_view text, std::string_view context,
                 std::chrono::system_clock::time_point until) {
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(until.time_since_epoch()).count();
  std::string content = std::to_string(seconds);
  content.append(" ").append(text);
  std::string sealed = encode_base64(content, Base64::UrlUnpadded);
  const std::string mac = signature(secrets, sealed, context);
  return sealed.append(".").append(mac);
}

std::optional<std::string> unseal(const Secrets& secrets, std::string_view sealed,
                                  std::string_view context,
                                  std::chrono::system_clock::time_point now) {
  const std::size_t stop = sealed.find('.');
  if (stop == std::string_view::npos) return std::nullopt;
  const std::string_view payload = sealed.substr(0, stop);
  const std::string_view given = sealed.substr(stop + 1);
  const std::string mac = signature(secrets, payload, context);
  if (given.size() != mac.size() || sodium_memcmp(given.data(), mac.data(), mac.size()) != 0) {
    return std::nullopt;
  }
  const auto content = decode_base64(payload, Base64::UrlUnpadded);
  if (!content) return std::nullopt;
  long long seconds = 0;
  const char* end = content->data() + content->size();
  const auto [after, error] = std::from_chars(content->data(), end, seconds);
  if (error != std::errc() || after == end) return std::nullopt;
  if (now >= std::chrono::system_clock::time_point(std::chrono::seconds(seconds))) {
    return std::nullopt;
  }
  return content->substr(static_cast<std::size_t>(after - content->data()) + 1);
}

}  // namespace mcp
