// Settings: each is a flag, an environment variable and a key of the TOML file, from one table.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/base/error.hpp"
#include "core/delivery/retry.hpp"
#include "core/jobs/instances.hpp"
#include "core/store/database.hpp"

namespace segmentflow::app {

struct Settings {
  std::filesystem::path data_dir;
  std::filesystem::path config_file;  // "" when none was read
  std::string database_url;
  DatabaseOptions database;
  std::string listen_address;
  std::uint16_t listen_port = 0;
  std::string smtp_url;  // "" when not given here
  std::string api_key;
  std::string base_url;
  std::string public_url;
  std::string secret;  // hexadecimal, "" to use the file
  std::string log_level;
  int http_threads = 1;
  int reader_threads = 2;
  std::size_t http_connections_max = 0;
  std::size_t http_bodies_bytes_max = 0;
  std::size_t http_body_rate_min = 0;  // bytes a second
  std::size_t commit_batch_max = 0;
  std::size_t commit_queue_max = 0;
  std::size_t calls_in_flight_max = 0;
  int deliveries_in_flight_max = 0;
  int compose_threads = 0;
  int preview_threads = 0;
  std::size_t previews_waiting_max = 0;
  RetryPolicy retry;
  Time send_deadline = 0;
  Time content_retention = 0;
  Time audit_retention = 0;
  LeaseTimes lease;
};

// One row of the table.
struct SettingInfo {
  std::string_view name;  // "smtp_url": the key in the file; --smtp-url; SEGMENTFLOW_SMTP_URL
  std::string_view doc;
  std::string_view fallback;  // the default, as text; "" when it is computed or absent
  bool secret = false;        // not as a flag: other users of the machine see command lines
};

std::span<const SettingInfo> setting_infos();
std::string flag_of(const SettingInfo& info);         // "--smtp-url"
std::string environment_of(const SettingInfo& info);  // "SEGMENTFLOW_SMTP_URL"

// Flags go before the environment, that before the file (SEGMENTFLOW_CONFIG, else
// <data folder>/segmentflow.toml when it is there), that before the defaults. ValidationFailed
// names the setting and where it came from; unknown names are refused with the nearest known one,
// except what orchestrators set (cluster_variables.hpp).
Result<Settings> load_settings(const std::map<std::string, std::string>& flags,
                               const std::map<std::string, std::string>& environment);

// The SEGMENTFLOW_* variables of this process.
std::map<std::string, std::string> environment_settings();

}  // namespace segmentflow::app
