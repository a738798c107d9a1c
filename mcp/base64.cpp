#include "mcp/base64.hpp"

#include <sodium.h>

namespace mcp {
namespace {

int sodium_variant(Base64 variant) {
  return variant == Base64::Standard ? sodium_base64_VARIANT_ORIGINAL
                                     : sodium_base64_VARIANT_URLSAFE_NO_PADDING;
}

}  // namespace

std::string encode_base64(std::string_view bytes, Base64 variant) {
  const int with = sodium_variant(variant);
  std::string out(sodium_base64_encoded_len(bytes.size(), with), '\0');
  sodium_bin2base64(out.data(), out.size(), reinterpret_cast<const unsigned char*>(bytes.data()),
                    bytes.size(), with);
  out.pop_back();  // the terminating zero
  return out;
}

std::optional<std::string> decode_base64(std::string_view text, Base64 variant) {
  std::string out(text.size(), '\0');
  std::size_t size = 0;
  const char* end = nullptr;
  const int failed =
      sodium_base642bin(reinterpret_cast<unsigned char*>(out.data()), out.size(), text.data(),
                        text.size(), nullptr, &size, &end, sodium_variant(variant));
  if (failed != 0 || end != text.data() + text.size()) return std::nullopt;
  out.resize(size);
  return out;
}

}  // namespace mcp
