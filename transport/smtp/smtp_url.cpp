#include "transport/smtp/smtp_url.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <boost/url/encode.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>
#include <boost/url/url_view.hpp>
#include <cctype>
#include <charconv>
#include <set>

namespace transport::smtp {
namespace {

namespace urls = boost::urls;
using Problem = std::string;  // "" = none

constexpr std::uint16_t kSmtpPort = 25;
constexpr std::uint16_t kSmtpsPort = 465;

constexpr std::array<std::string_view, 7> kOptions = {
    "tls", "ca", "connections", "messages", "silence", "hello", "insecure_auth"};

bool printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

Problem read_tls(SmtpOptions& options, std::string_view value) {
  if (options.tls == TlsMode::Implicit) {
    return "The SMTP URL has a tls option, but smtps:// always uses TLS: remove the option.";
  }
  if (value == "off") {
    options.tls = TlsMode::Off;
  } else if (value == "starttls") {
    options.tls = TlsMode::Opportunistic;
  } else if (value == "required") {
    options.tls = TlsMode::Required;
  } else {
    return "The tls option of the SMTP URL must be off, starttls or required.";
  }
  return {};
}

Problem read_number(std::size_t& target, std::string_view name, std::string_view value,
                    std::size_t max) {
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc() || end != value.data() + value.size() || number < 1 || number > max) {
    return fmt::format("The {} option of the SMTP URL must be a number from 1 to {}.", name, max);
  }
  target = number;
  return {};
}

Problem read_silence(SmtpOptions& options, std::string_view value) {
  std::size_t seconds = 0;
  Problem problem = read_number(seconds, "silence", value, kSilenceSecondsLimit);
  if (problem.empty()) options.silence_noticed = std::chrono::seconds(seconds);
  return problem;
}

Problem read_text(std::string& target, std::string_view name, std::string value) {
  const bool clean = std::none_of(value.begin(), value.end(),
                                  [](unsigned char c) { return c < ' ' || c == 0x7f; });
  if (value.empty() || !clean) {
    return fmt::format("The {} option of the SMTP URL is empty or holds control characters.", name);
  }
  target = std::move(value);
  return {};
}

Problem read_option(SmtpOptions& options, const std::string& key, std::string value) {
  if (key == "tls") return read_tls(options, value);
  if (key == "connections") {
    return read_number(options.connections_max, key, value, kConnectionsLimit);
  }
  if (key == "messages") {
    return read_number(options.messages_per_connection_max, key, value, kMessagesLimit);
  }
  if (key == "silence") return read_silence(options, value);
  if (key == "ca") return read_text(options.ca_file, key, std::move(value));
  if (key == "hello") {
    if (!printable(value)) return "The hello option of the SMTP URL must be a host name.";
    return read_text(options.hello_name, key, std::move(value));
  }
  if (key == "insecure_auth") {
    if (value != "allow") return "The insecure_auth option of the SMTP URL can only be allow.";
    options.insecure_auth = true;
    return {};
  }
  const std::string shown = urls::encode(key, urls::unreserved_chars);
  return fmt::format("The SMTP URL has the unknown option {}; known are {}.", shown,
                     fmt::join(kOptions, ", "));
}

Problem read_options(SmtpOptions& options, const urls::url_view& url) {
  std::set<std::string> seen;
  for (const auto& param : url.params()) {
    if (!seen.insert(param.key).second) {
      return fmt::format("The SMTP URL gives the option {} twice.",
                         urls::encode(param.key, urls::unreserved_chars));
    }
    Problem problem = read_option(options, param.key, param.value);
    if (!problem.empty()) return problem;
  }
  return {};
}

Problem read_credentials(SmtpOptions& options, const urls::url_view& url) {
  if (!url.has_userinfo()) return {};
  options.user = url.user();
  options.password = url.password();
  if (options.user.empty() || options.password.empty()) {
    return "The SMTP URL names a user without a password, or a password without a user; give both "
           "or neither.";
  }
  const auto has_nul = [](const std::string& text) { return text.find('\0') != text.npos; };
  if (has_nul(options.user) || has_nul(options.password)) {
    return "The user or password of the SMTP URL holds a NUL byte, which AUTH cannot carry.";
  }
  return {};
}

Problem read_place(SmtpOptions& options, const urls::url_view& url) {
  if (url.scheme() == "smtps") {
    options.tls = TlsMode::Implicit;
    options.port = kSmtpsPort;
  } else if (url.scheme() == "smtp") {
    options.port = kSmtpPort;
  } else {
    return "The SMTP URL must begin with smtp:// or smtps://, or be capture: to keep mail as "
           "files.";
  }
  options.host = url.host_address();
  if (options.host.empty() || !printable(options.host)) {
    return "The SMTP URL names no valid host; write smtp://host:port.";
  }
  // Not port_number(): it does not tell a port beyond 65535 from one within.
  const std::string_view port(url.port().data(), url.port().size());
  if (!port.empty()) {
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), options.port);
    if (error != std::errc() || end != port.data() + port.size() || options.port == 0) {
      return "The port of the SMTP URL must be from 1 to 65535.";
    }
  }
  if (url.encoded_path() != "" && url.encoded_path() != "/") {
    return "The SMTP URL has a path after the host; an SMTP relay has none, remove it.";
  }
  if (url.has_fragment()) return "The SMTP URL has a # part; percent-encode # as %23 or remove it.";
  return {};
}

// Where the options begin: a question mark before one that is known, so that one in a password is
// not taken for it.
std::size_t begin_of_options(std::string_view text) {
  for (std::size_t at = text.find('?'); at != text.npos; at = text.find('?', at + 1)) {
    const std::string_view rest = text.substr(at + 1);
    const bool known = std::any_of(kOptions.begin(), kOptions.end(), [&](std::string_view option) {
      return rest.starts_with(option) && rest.substr(option.size()).starts_with('=');
    });
    if (known) return at;
  }
  return text.size();
}

bool is_escape(std::string_view text) {
  return text.size() >= 3 && std::isxdigit(static_cast<unsigned char>(text[1])) != 0 &&
         std::isxdigit(static_cast<unsigned char>(text[2])) != 0;
}

// Characters of user and password that have a meaning of their own in a URL cut it in the wrong
// place; what is said about the pieces would lead astray, or tell of the password. So they are
// looked for before it is parsed: everything up to the last @ is user and password.
Problem read_escapes(std::string_view text) {
  const std::size_t scheme = text.find("://");
  if (scheme == text.npos) return {};
  std::string_view rest = text.substr(scheme + 3);
  rest = rest.substr(0, begin_of_options(rest));
  const std::size_t at_sign = rest.rfind('@');
  if (at_sign == rest.npos) return {};
  std::set<std::string> wrong;
  for (std::size_t at = 0; at < at_sign; ++at) {
    const char c = rest[at];
    const bool allowed =
        c == '%' ? is_escape(rest.substr(at, std::min<std::size_t>(3, at_sign - at)))
                 : c > ' ' && c < 0x7f &&
                       std::string_view("/?#@[]\"<>\\^`{|}").find(c) == std::string_view::npos;
    if (allowed) continue;
    const auto byte = static_cast<unsigned char>(c);
    wrong.insert(c > ' ' && c < 0x7f ? fmt::format("{} as %{:02X}", c, byte)
                                     : fmt::format("%{:02X}", byte));
  }
  if (wrong.empty()) return {};
  return fmt::format(
      "The user or the password of the SMTP URL holds characters that a URL gives another meaning; "
      "percent-encode them: write {}.",
      fmt::join(wrong, ", "));
}

std::string_view tls_word(TlsMode mode) {
  switch (mode) {
    case TlsMode::Off:
      return "?tls=off";
    case TlsMode::Opportunistic:
      return "?tls=starttls";
    case TlsMode::Required:
      return "?tls=required";
    case TlsMode::Implicit:
      return "";
  }
  return "";
}

}  // namespace

tl::expected<SmtpOptions, std::string> parse_smtp_url(std::string_view text) {
  if (text.size() > kUrlBytesMax) {
    return tl::unexpected(fmt::format("The SMTP URL is longer than {} bytes.", kUrlBytesMax));
  }
  if (Problem problem = read_escapes(text); !problem.empty()) {
    return tl::unexpected(std::move(problem));
  }
  const auto parsed = urls::parse_uri(urls::string_view(text.data(), text.size()));
  if (!parsed) {
    return tl::unexpected<std::string>(
        "The SMTP URL could not be read; write smtp://user:password@host:port and percent-encode "
        "characters such as @ : / ? # % and spaces in the user and password.");
  }
  SmtpOptions options;
  for (const auto read : {read_place, read_credentials, read_options}) {
    Problem problem = read(options, *parsed);
    if (!problem.empty()) return tl::unexpected(std::move(problem));
  }
  return options;
}

std::string SmtpOptions::peer() const {
  const bool is_ipv6 = host.find(':') != std::string::npos;
  return is_ipv6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

std::string redacted(const SmtpOptions& options) {
  std::string credentials;
  if (!options.user.empty()) {
    credentials = urls::encode(options.user, urls::unreserved_chars) + ":***@";
  }
  return fmt::format("{}://{}{}{}", options.tls == TlsMode::Implicit ? "smtps" : "smtp",
                     credentials, options.peer(), tls_word(options.tls));
}

}  // namespace transport::smtp
