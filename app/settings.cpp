#include "app/settings.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <toml++/toml.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>

#include "app/cluster_variables.hpp"
#include "core/base/duration.hpp"

namespace segmentflow::app {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "SEGMENTFLOW_";
constexpr int kOwnReaders = 4;

constexpr std::array kInfos = {
    SettingInfo{"config", "TOML file with settings (default: segmentflow.toml in the data folder)",
                ""},
    SettingInfo{"data_dir", "Folder for database, secret and captured mail", ""},
    SettingInfo{"database_url",
                "Database: sqlite:/absolute/path.db or postgresql://user@host/database", ""},
    SettingInfo{"database_writers", "PostgreSQL: connections for writes", "2"},
    SettingInfo{"database_strict",
                "PostgreSQL: true to do without SKIP LOCKED and NOTIFY, for engines that lack them",
                "false"},
    SettingInfo{"database_statement_timeout", "PostgreSQL: the server ends a longer statement",
                "30s"},
    SettingInfo{"database_idle_timeout",
                "PostgreSQL: the server ends a transaction of which it hears nothing for so long",
                "5s"},
    SettingInfo{"listen", "Address and port of the HTTP server", "127.0.0.1:3001"},
    SettingInfo{"public_url",
                "URL under which clients reach the server, or several with commas; their hosts are "
                "accepted beside loopback",
                ""},
    SettingInfo{
        "smtp_url",
        "How mail leaves: smtp://user:password@host:port?tls=off|starttls|required, smtps://…, "
        "or capture: to keep it as files; user and password percent-encoded. Options: tls, ca, "
        "connections, messages (through one connection, default 10), hello, silence, "
        "insecure_auth. Kept sealed in the database by init and serve",
        "", true},
    SettingInfo{"api_key", "API key for mcp and call", "", true},
    SettingInfo{"base_url", "URL of a running server; mcp and call then go through it", ""},
    SettingInfo{"secret",
                "The installation's secret, 64 hexadecimal digits (default: a file in the "
                "data folder)",
                "", true},
    SettingInfo{"log_level", "debug, info, warn or error", "info"},
    SettingInfo{"http_threads", "Threads of the HTTP server", "1"},
    SettingInfo{"http_connections_max", "Open HTTP connections; beyond, those of strangers end",
                "4096"},
    SettingInfo{"http_bodies_bytes_max",
                "Bytes of all bodies being received together; beyond an organization's share: 503",
                "268435456"},
    SettingInfo{"http_body_rate_min", "Bytes a second below which an upload is ended", "1024"},
    SettingInfo{"reader_threads", "Threads for database reads", "2"},
    SettingInfo{"calls_in_flight_max", "Operations in flight; beyond: 429", "4096"},
    SettingInfo{"commit_batch_max", "Writes that share one commit", "256"},
    SettingInfo{"commit_queue_max", "Writes that wait for a commit; beyond: 429", "10000"},
    SettingInfo{"deliveries_in_flight_max", "Emails being delivered at once", "128"},
    SettingInfo{"compose_threads", "Threads that render emails on their way out", "2"},
    SettingInfo{"preview_threads", "Threads that render previews, after everything else", "1"},
    SettingInfo{"previews_waiting_max", "Previews of one organisation that wait; beyond: 429",
                "16"},
    SettingInfo{"retry_schedule", "Waits between attempts; the last one repeats",
                "1m,5m,15m,30m,1h,2h,4h"},
    SettingInfo{"send_deadline", "From accept to the last attempt", "4d"},
    SettingInfo{"content_retention", "How long data of final sends is kept", "90d"},
    SettingInfo{"audit_retention", "How long calls stay in the audit log", "400d"},
    SettingInfo{"lease_heartbeat", "Between signs of life of a process", "5s"},
    SettingInfo{"lease_expiry", "Silence after which a process's work is taken over", "30s"},
};

const SettingInfo* find_info(std::string_view name) {
  const auto found = std::find_if(kInfos.begin(), kInfos.end(),
                                  [&](const SettingInfo& info) { return info.name == name; });
  return found == kInfos.end() ? nullptr : &*found;
}

// A value and where it came from, for messages.
struct Given {
  std::string text;
  std::string source;
};
using GivenSettings = std::map<std::string, Given, std::less<>>;

tl::unexpected<Error> unknown(std::string_view shown, std::string_view name,
                              std::string_view source) {
  std::vector<std::string_view> names;
  for (const auto& info : kInfos) names.push_back(info.name);
  const std::string near = describe::nearest_name(name, names);
  const SettingInfo* meant = near.empty() ? nullptr : find_info(near);
  const std::string hint =
      meant ? fmt::format(" Did you mean {}?",
                          source == "the environment" ? environment_of(*meant) : near)
            : " See segmentflow --help for all settings.";
  return fail(ErrorCode::ValidationFailed,
              fmt::format("Unknown setting {} in {}.{}", shown, source, hint));
}

Result<void> take_environment(const std::map<std::string, std::string>& environment,
                              GivenSettings& given) {
  for (const auto& [variable, value] : environment) {
    std::string name = variable.substr(kPrefix.size());
    if (is_cluster_variable(name, value)) continue;
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (!find_info(name)) return unknown(variable, name, "the environment");
    if (!value.empty()) given.try_emplace(name, Given{value, variable});
  }
  return {};
}

Result<void> take_file(const fs::path& path, GivenSettings& given) {
  toml::table table;
  try {
    table = toml::parse_file(path.string());
  } catch (const toml::parse_error& error) {
    return fail(ErrorCode::ValidationFailed,
                fmt::format("{} line {}: {}.", path.string(), error.source().begin.line,
                            error.description()));
  }
  for (const auto& [key, node] : table) {
    const std::string name(key.str());
    if (!find_info(name)) return unknown(name, name, path.string());
    const std::string source = fmt::format("{} in {}", name, path.string());
    if (const auto text = node.value<std::string>(); node.is_string() && text) {
      given.try_emplace(name, Given{*text, source});
    } else if (const auto number = node.value<std::int64_t>(); node.is_integer() && number) {
      given.try_emplace(name, Given{std::to_string(*number), source});
    } else {
      return fail(ErrorCode::ValidationFailed,
                  fmt::format("{} must be a string or a whole number.", source));
    }
  }
  return {};
}

fs::path default_data_dir() {
  if (const char* state = std::getenv("XDG_DATA_HOME"); state && *state == '/') {
    return fs::path(state) / "segmentflow";
  }
  if (const char* home = std::getenv("HOME"); home && *home == '/') {
    return fs::path(home) / ".local/share/segmentflow";
  }
  return "/var/lib/segmentflow";
}

// Turns texts into values; the first problem is kept.
class Converter {
 public:
  explicit Converter(const GivenSettings& given) : given_(given) {}

  std::string text(std::string_view name) const {
    const auto found = given_.find(name);
    return found == given_.end() ? std::string(find_info(name)->fallback) : found->second.text;
  }

  bool is_flag(std::string_view name) const {
    const auto found = given_.find(name);
    return found != given_.end() && found->second.source.starts_with("--");
  }

  template <class Number>
  void number(std::string_view name, Number& target, std::int64_t min, std::int64_t max) {
    const std::string value = text(name);
    std::int64_t parsed = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), parsed);
    if (error != std::errc{} || end != value.data() + value.size() || parsed < min ||
        parsed > max) {
      problem(name, fmt::format("must be a whole number from {} to {}", min, max));
      return;
    }
    target = static_cast<Number>(parsed);
  }

  void duration(std::string_view name, Time& target) {
    const auto parsed = parse_duration(text(name));
    if (parsed && *parsed > 0) {
      target = *parsed;
    } else {
      problem(name, "must be a duration such as 250ms, 30s, 5m, 4h or 90d");
    }
  }

  void schedule(std::string_view name, RetryPolicy& target) {
    target.first_waits_micros.clear();
    std::string rest = text(name);
    while (!rest.empty()) {
      const std::size_t comma = std::min(rest.find(','), rest.size());
      const auto wait = parse_duration(rest.substr(0, comma));
      if (!wait || *wait <= 0) return problem(name, "must be durations such as 1m,5m,1h");
      target.first_waits_micros.push_back(*wait);
      rest.erase(0, std::min(comma + 1, rest.size()));
    }
    if (target.first_waits_micros.empty()) return problem(name, "must name at least one wait");
    target.every_micros = target.first_waits_micros.back();
  }

  void problem(std::string_view name, std::string what) {
    if (problem_) return;
    const auto found = given_.find(name);
    const std::string source = found == given_.end() ? std::string(name) : found->second.source;
    problem_ = Error{ErrorCode::ValidationFailed, fmt::format("{} {}.", source, what)};
  }

  const std::optional<Error>& first_problem() const { return problem_; }

 private:
  const GivenSettings& given_;
  std::optional<Error> problem_;
};

void convert_listen(Converter& converter, Settings& settings) {
  const std::string listen = converter.text("listen");
  const std::size_t colon = listen.rfind(':');
  int port = -1;
  if (colon != std::string::npos) {
    const std::string_view digits = std::string_view(listen).substr(colon + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (error != std::errc{} || end != digits.data() + digits.size()) port = -1;
  }
  std::string address = colon == std::string::npos ? "" : listen.substr(0, colon);
  const bool bracketed = address.starts_with('[') && address.ends_with(']');
  if (bracketed) address = address.substr(1, address.size() - 2);
  // Without brackets nobody can tell where an IPv6 address ends.
  const bool clear = !address.empty() && address.find_first_of("[]") == std::string::npos &&
                     (bracketed || address.find(':') == std::string::npos);
  if (port < 0 || port > 65'535 || !clear) {
    converter.problem("listen", "must be ADDRESS:PORT, for example 127.0.0.1:3001 or [::1]:3001");
    return;
  }
  settings.listen_address = std::move(address);
  settings.listen_port = static_cast<std::uint16_t>(port);
}

void convert_database(Converter& converter, Settings& settings) {
  settings.database_url = converter.text("database_url");
  if (settings.database_url.empty()) {
    settings.database_url = "sqlite:" + (settings.data_dir / "segmentflow.db").string();
  }
  if (converter.is_flag("database_url") &&
      url_without_password(settings.database_url) != settings.database_url) {
    converter.problem("database_url",
                      "must not hold a password, because other users of the machine see command "
                      "lines; give it as a variable or in the file, or use PGPASSFILE");
  }
  DatabaseOptions& options = settings.database;
  // Reads of the reader threads, and of the parts that read for themselves.
  // Whoever renders reads as well: a snapshot, a sender. Emails that take long have threads more.
  options.readers_max = settings.reader_threads + 2 * settings.compose_threads +
                        settings.preview_threads + kOwnReaders;
  converter.number("database_writers", options.writers, 1, 64);
  converter.duration("database_statement_timeout", options.statement_timeout);
  converter.duration("database_idle_timeout", options.idle_timeout);
  const std::string strict = converter.text("database_strict");
  options.strict = strict == "true";
  if (strict != "true" && strict != "false") {
    converter.problem("database_strict", "must be true or false");
  }
}

void convert_limits(Converter& converter, Settings& settings) {
  converter.number("http_threads", settings.http_threads, 1, 64);
  converter.number("http_connections_max", settings.http_connections_max, 1, 1'000'000);
  converter.number("http_bodies_bytes_max", settings.http_bodies_bytes_max, 1 << 25, 1LL << 40);
  converter.number("http_body_rate_min", settings.http_body_rate_min, 0, 1 << 30);
  converter.number("reader_threads", settings.reader_threads, 1, 64);
  converter.number("calls_in_flight_max", settings.calls_in_flight_max, 1, 1'000'000);
  converter.number("commit_batch_max", settings.commit_batch_max, 1, 10'000);
  converter.number("commit_queue_max", settings.commit_queue_max, 1, 10'000'000);
  converter.number("deliveries_in_flight_max", settings.deliveries_in_flight_max, 4, 10'000);
  converter.number("compose_threads", settings.compose_threads, 1, 64);
  converter.number("preview_threads", settings.preview_threads, 1, 64);
  converter.number("previews_waiting_max", settings.previews_waiting_max, 1, 10'000);
  converter.schedule("retry_schedule", settings.retry);
  converter.duration("send_deadline", settings.send_deadline);
  converter.duration("content_retention", settings.content_retention);
  converter.duration("audit_retention", settings.audit_retention);
  converter.duration("lease_heartbeat", settings.lease.heartbeat);
  converter.duration("lease_expiry", settings.lease.expiry);
  settings.retry.give_up_after_micros = settings.send_deadline;
  if (settings.lease.expiry < 2 * settings.lease.heartbeat) {
    converter.problem("lease_expiry", "must be at least twice lease_heartbeat");
  }
  if (settings.content_retention < settings.send_deadline) {
    converter.problem("content_retention", "must not be shorter than send_deadline");
  }
}

Result<Settings> convert(const GivenSettings& given, fs::path data_dir) {
  Converter converter(given);
  Settings settings;
  settings.data_dir = std::move(data_dir);
  settings.smtp_url = converter.text("smtp_url");
  settings.api_key = converter.text("api_key");
  settings.base_url = converter.text("base_url");
  settings.public_url = converter.text("public_url");
  settings.secret = converter.text("secret");
  settings.log_level = converter.text("log_level");
  constexpr std::array<std::string_view, 4> kLevels = {"debug", "info", "warn", "error"};
  if (std::find(kLevels.begin(), kLevels.end(), settings.log_level) == kLevels.end()) {
    converter.problem("log_level", "must be debug, info, warn or error");
  }
  convert_listen(converter, settings);
  convert_limits(converter, settings);
  convert_database(converter, settings);
  if (converter.first_problem()) return tl::unexpected(*converter.first_problem());
  return settings;
}

}  // namespace

std::span<const SettingInfo> setting_infos() {
  return kInfos;
}

std::string flag_of(const SettingInfo& info) {
  std::string flag = fmt::format("--{}", info.name);
  std::replace(flag.begin(), flag.end(), '_', '-');
  return flag;
}

std::string environment_of(const SettingInfo& info) {
  std::string variable = fmt::format("{}{}", kPrefix, info.name);
  std::transform(variable.begin(), variable.end(), variable.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return variable;
}

Result<Settings> load_settings(const std::map<std::string, std::string>& flags,
                               const std::map<std::string, std::string>& environment) {
  GivenSettings given;
  for (const auto& [name, value] : flags) given[name] = {value, flag_of(*find_info(name))};
  if (auto taken = take_environment(environment, given); !taken) {
    return tl::unexpected(taken.error());
  }
  const auto given_path = [&](std::string_view name) -> std::optional<fs::path> {
    const auto found = given.find(name);
    if (found == given.end()) return std::nullopt;
    return fs::absolute(found->second.text);
  };
  const auto config = given_path("config");
  std::error_code ignored;
  fs::path file =
      config.value_or(given_path("data_dir").value_or(default_data_dir()) / "segmentflow.toml");
  if (config || fs::exists(file, ignored)) {
    if (auto taken = take_file(file, given); !taken) return tl::unexpected(taken.error());
  } else {
    file.clear();
  }
  auto settings = convert(given, given_path("data_dir").value_or(default_data_dir()));
  if (settings) settings->config_file = std::move(file);
  return settings;
}

std::map<std::string, std::string> environment_settings() {
  std::map<std::string, std::string> found;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::size_t equals = text.find('=');
    if (text.starts_with(kPrefix) && equals != std::string_view::npos) {
      found.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
  }
  return found;
}

}  // namespace segmentflow::app
