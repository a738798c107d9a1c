// The request target of RFC 9112 §3.2: path, query, percent-encoding. Pure functions.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

namespace transport::http {

constexpr std::size_t kQueryParametersMax = 100;

struct Target {
  std::string_view path;                      // begins with '/', still percent-encoded
  std::string_view query;                     // without '?', still percent-encoded
  std::optional<std::string_view> authority;  // of the absolute form; replaces the Host header
};

// Splits "/path?query" or "http://host/path?query"; the views point into `text`. The error is a
// sentence for the client.
tl::expected<Target, std::string> parse_target(std::string_view text);

// Decodes %XX (and '+' as a space where asked). Nothing when an escape is cut short or not
// hexadecimal, or when the result is not UTF-8 or holds a NUL: databases refuse both.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space);

// "a=1&b=x+y" as decoded pairs in order; empty pieces are skipped, a missing '=' means an empty
// value. The error is a sentence for the client; at most kQueryParametersMax pairs.
tl::expected<std::vector<std::pair<std::string, std::string>>, std::string> parse_query(
    std::string_view query);

}  // namespace transport::http
