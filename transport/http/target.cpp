#include "transport/http/target.hpp"

#include <algorithm>

namespace transport::http {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

struct Utf8Shape {
  std::size_t length = 0;  // 0: not a lead byte
  unsigned char second_min = 0x80;
  unsigned char second_max = 0xBF;
};

// RFC 3629 §4: the second byte's range excludes overlong forms, surrogates and > U+10FFFF.
Utf8Shape utf8_shape(unsigned char lead) {
  if (lead < 0x80) return {.length = 1};
  if (lead < 0xC2 || lead > 0xF4) return {};
  if (lead < 0xE0) return {.length = 2};
  if (lead == 0xE0) return {.length = 3, .second_min = 0xA0};
  if (lead == 0xED) return {.length = 3, .second_max = 0x9F};
  if (lead < 0xF0) return {.length = 3};
  if (lead == 0xF0) return {.length = 4, .second_min = 0x90};
  if (lead == 0xF4) return {.length = 4, .second_max = 0x8F};
  return {.length = 4};
}

bool is_text(std::string_view bytes) {
  for (std::size_t i = 0; i < bytes.size();) {
    if (bytes[i] == '\0') return false;
    const Utf8Shape shape = utf8_shape(static_cast<unsigned char>(bytes[i]));
    if (shape.length == 0 || i + shape.length > bytes.size()) return false;
    for (std::size_t k = 1; k < shape.length; ++k) {
      const auto byte = static_cast<unsigned char>(bytes[i + k]);
      const unsigned char low = k == 1 ? shape.second_min : 0x80;
      const unsigned char high = k == 1 ? shape.second_max : 0xBF;
      if (byte < low || byte > high) return false;
    }
    i += shape.length;
  }
  return true;
}

}  // namespace

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out.push_back(' ');
    } else if (text[i] != '%') {
      out.push_back(text[i]);
    } else {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = hex_value(text[i + 1]);
      const int low = hex_value(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      out.push_back(static_cast<char>(high * 16 + low));
      i += 2;
    }
  }
  if (!is_text(out)) return std::nullopt;
  return out;
}

tl::expected<Target, std::string> parse_target(std::string_view text) {
  Target target;
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!text.starts_with(scheme)) continue;
    text.remove_prefix(scheme.size());
    const std::size_t end = std::min(text.find_first_of("/?"), text.size());
    target.authority = text.substr(0, end);
    text.remove_prefix(end);
    if (text.empty()) text = "/";
    break;
  }
  if (text.empty() || text.front() != '/') {
    return tl::unexpected<std::string>("the request target must be a path that begins with '/'");
  }
  if (text.find('#') != std::string_view::npos) {
    return tl::unexpected<std::string>("the request target holds a '#'; write it as %23");
  }
  const std::size_t question = text.find('?');
  target.path = text.substr(0, question);
  if (question != std::string_view::npos) target.query = text.substr(question + 1);
  return target;
}

tl::expected<std::vector<std::pair<std::string, std::string>>, std::string> parse_query(
    std::string_view query) {
  std::vector<std::pair<std::string, std::string>> pairs;
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view piece = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (piece.empty()) continue;
    if (pairs.size() == kQueryParametersMax) {
      return tl::unexpected("the query has more than " + std::to_string(kQueryParametersMax) +
                            " parameters; send fewer");
    }
    const std::size_t equals = std::min(piece.find('='), piece.size());
    auto name = percent_decode(piece.substr(0, equals), true);
    auto value = percent_decode(piece.substr(std::min(equals + 1, piece.size())), true);
    if (!name || !value) {
      return tl::unexpected<std::string>(
          "a query parameter is not valid percent-encoded UTF-8 text; encode it as %XX");
    }
    pairs.emplace_back(std::move(*name), std::move(*value));
  }
  return pairs;
}

}  // namespace transport::http
