// Small decisions about request headers. Pure functions, except for new_request_id.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace transport::http {

constexpr std::size_t kRequestIdBytesMax = 128;

// The Host names a server answers to. A web page that makes a browser resolve its own name to our
// address (DNS rebinding) sends its own name, and is refused.
class HostRules {
 public:
  // Loopback names and addresses (127.0.0.0/8, ::1) are always allowed; a wildcard address
  // (0.0.0.0,
  // ::) adds none.
  HostRules(std::string_view listen_address, const std::vector<std::string>& allowed_hosts);

  // `host` as in the Host header, "name", "name:port" or "[v6]:port"; any port.
  bool allows(std::string_view host) const;

  // `origin` as in the Origin header, "https://name:port"; the names allowed are the same. "null"
  // and whatever else is no such URL is refused.
  bool allows_origin(std::string_view origin) const;

 private:
  std::vector<std::string> names_;  // lower case, IPv6 in brackets
};

// The caller's id when it is 1-128 of [A-Za-z0-9._-], else a new random one.
std::string request_id_or_new(std::optional<std::string_view> wanted);

// 128 random bits as 32 hexadecimal digits.
std::string new_request_id();

// application/json, with no charset other than UTF-8 (RFC 8259 §8.1).
bool is_json_type(std::string_view content_type);

// A name as of a method or a header (RFC 9110 §5.6.2).
bool is_token(std::string_view text);

std::string to_lower(std::string_view text);  // ASCII only

}  // namespace transport::http
