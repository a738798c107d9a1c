#include "transport/http/request_rules.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/address_v4.hpp>
#include <boost/asio/ip/address_v6.hpp>
#include <random>

namespace transport::http {
namespace {

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool is_request_id(std::string_view text) {
  if (text.empty() || text.size() > kRequestIdBytesMax) return false;
  return std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
           c == '_' || c == '-';
  });
}

// The name before ":port", nothing when what follows is no port.
std::optional<std::string_view> without_port(std::string_view host) {
  const std::size_t name_end = host.starts_with('[') ? host.find(']') : 0;
  if (name_end == std::string_view::npos) return std::nullopt;
  const std::size_t colon = host.find(':', name_end);
  const std::string_view port = colon == std::string_view::npos ? "" : host.substr(colon + 1);
  if (port.size() > 5 || port.find_first_not_of("0123456789") != std::string_view::npos) {
    return std::nullopt;
  }
  return host.substr(0, colon);
}

bool is_token_char(char c) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         kMarks.find(c) != std::string_view::npos;
}

// An address of this machine alone, as it stands in a Host header.
bool is_loopback(std::string_view name) {
  if (name.starts_with('[') && name.ends_with(']')) name = name.substr(1, name.size() - 2);
  boost::system::error_code ec;
  const auto address = boost::asio::ip::make_address(name, ec);
  if (ec) return false;
  if (!address.is_v6() || !address.to_v6().is_v4_mapped()) return address.is_loopback();
  return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, address.to_v6())
      .is_loopback();
}

}  // namespace

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char);
}

std::string to_lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

HostRules::HostRules(std::string_view listen_address, const std::vector<std::string>& allowed_hosts)
    : names_{"localhost"} {
  const auto add = [this](std::string_view name) {
    const bool bare_v6 = name.find(':') != std::string_view::npos && !name.starts_with('[');
    names_.push_back(bare_v6 ? "[" + to_lower(name) + "]" : to_lower(name));
  };
  if (listen_address != "0.0.0.0" && listen_address != "::") add(listen_address);
  for (const std::string& name : allowed_hosts) add(name);
}

bool HostRules::allows_origin(std::string_view origin) const {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (origin.starts_with(scheme)) return allows(origin.substr(scheme.size()));
  }
  return false;
}

bool HostRules::allows(std::string_view host) const {
  const auto name = without_port(host);
  if (!name || name->empty()) return false;
  return is_loopback(*name) ||
         std::find(names_.begin(), names_.end(), to_lower(*name)) != names_.end();
}

std::string new_request_id() {
  // An id that only names a request in logs: it need not be unguessable, only distinct.
  thread_local std::mt19937_64 engine = [] {
    std::random_device device;
    std::seed_seq seed{device(), device(), device(), device()};
    return std::mt19937_64(seed);
  }();
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string id;
  id.reserve(32);
  for (int word = 0; word < 2; ++word) {
    const std::uint64_t bits = engine();
    for (int shift = 60; shift >= 0; shift -= 4) id.push_back(kDigits[(bits >> shift) & 15]);
  }
  return id;
}

std::string request_id_or_new(std::optional<std::string_view> wanted) {
  if (wanted && is_request_id(*wanted)) return std::string(*wanted);
  return new_request_id();
}

bool is_json_type(std::string_view content_type) {
  std::size_t end = std::min(content_type.find(';'), content_type.size());
  if (to_lower(trim(content_type.substr(0, end))) != "application/json") return false;
  while (end < content_type.size()) {
    content_type.remove_prefix(end + 1);
    end = std::min(content_type.find(';'), content_type.size());
    std::string parameter = to_lower(trim(content_type.substr(0, end)));
    std::erase(parameter, '"');
    if (parameter.starts_with("charset=") && parameter != "charset=utf-8") return false;
  }
  return true;
}

}  // namespace transport::http
