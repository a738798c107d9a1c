#include "app/settings.hpp"

#include <catch2/catch.hpp>
#include <fstream>

#include "tests/unit/store/temp_folder.hpp"

using namespace segmentflow;
using app::load_settings;
using app::Settings;

namespace {

using Texts = std::map<std::string, std::string>;

// Settings of a data folder of its own, so that no file of this machine plays a part.
class Place {
 public:
  Result<Settings> load(Texts flags = {}, Texts environment = {}) {
    environment.emplace("SEGMENTFLOW_DATA_DIR", folder.path());
    return load_settings(flags, environment);
  }
  std::string refusal(Texts flags = {}, Texts environment = {}) {
    const auto loaded = load(std::move(flags), std::move(environment));
    if (loaded) return "";
    CHECK(loaded.error().code == ErrorCode::ValidationFailed);
    return loaded.error().message;
  }
  void file(const std::string& text, const std::string& name = "segmentflow.toml") {
    std::ofstream(folder.file(name)) << text;
  }

  test::TempFolder folder;
};

bool has(const std::string& text, const std::string& part) {
  INFO(text);
  CHECK(text.find(part) != std::string::npos);
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("settings: the defaults") {
  Place place;
  const Settings settings = place.load().value();
  CHECK(settings.data_dir == place.folder.path());
  CHECK(settings.database_url == "sqlite:" + place.folder.file("segmentflow.db"));
  CHECK(settings.listen_address == "127.0.0.1");
  CHECK(settings.listen_port == 3001);
  CHECK(settings.smtp_url.empty());
  CHECK(settings.log_level == "info");
  CHECK(settings.lease.heartbeat == 5 * kMicrosPerSecond);
  CHECK(settings.lease.expiry == 30 * kMicrosPerSecond);
  CHECK(settings.send_deadline == 4 * kMicrosPerDay);
  CHECK(settings.retry.first_waits_micros == RetryPolicy{}.first_waits_micros);
  CHECK(settings.retry.every_micros == RetryPolicy{}.every_micros);
  CHECK(settings.retry.give_up_after_micros == settings.send_deadline);
}

TEST_CASE("settings: flags before the environment before the file before the default") {
  Place place;
  place.file("log_level = \"debug\"\nhttp_threads = 3\nreader_threads = \"4\"\n");
  const Settings settings =
      place
          .load({{"log_level", "error"}}, {{"SEGMENTFLOW_LOG_LEVEL", "warn"},
                                           {"SEGMENTFLOW_HTTP_THREADS", "5"},
                                           {"SEGMENTFLOW_COMMIT_BATCH_MAX", ""}})
          .value();
  CHECK(settings.log_level == "error");
  CHECK(settings.http_threads == 5);
  CHECK(settings.reader_threads == 4);
  CHECK(settings.commit_batch_max == 256);
  CHECK(place.load().value().log_level == "debug");
}

TEST_CASE("settings: a file of another name, and none where one was named") {
  Place place;
  place.file("log_level = \"debug\"\n");
  place.file("log_level = \"warn\"\n", "other.toml");
  CHECK(place.load({{"config", place.folder.file("other.toml")}}).value().log_level == "warn");
  CHECK(
      place.load({}, {{"SEGMENTFLOW_CONFIG", place.folder.file("other.toml")}}).value().log_level ==
      "warn");
  has(place.refusal({{"config", place.folder.file("none.toml")}}), "none.toml");
}

TEST_CASE("settings: the file may say where the data is") {
  Place place;
  place.file("data_dir = \"/srv/elsewhere\"\n", "other.toml");
  const auto loaded = load_settings({{"config", place.folder.file("other.toml")}}, {}).value();
  CHECK(loaded.data_dir == "/srv/elsewhere");
  CHECK(loaded.database_url == "sqlite:/srv/elsewhere/segmentflow.db");
}

TEST_CASE("settings: unknown names are refused with the nearest known one") {
  Place place;
  const std::string variable = place.refusal({}, {{"SEGMENTFLOW_SMPT_URL", "capture:"}});
  has(variable, "SEGMENTFLOW_SMPT_URL");
  has(variable, "Did you mean SEGMENTFLOW_SMTP_URL?");
  has(place.refusal({}, {{"SEGMENTFLOW_ZZZZZZ", "1"}}), "--help");
  place.file("listne = \"127.0.0.1:1\"\n");
  const std::string in_file = place.refusal();
  has(in_file, "listne");
  has(in_file, place.folder.file("segmentflow.toml"));
  has(in_file, "Did you mean listen?");
}

TEST_CASE("settings: what orchestrators say of services is none of ours") {
  Place place;
  const std::string address = "tcp://10.96.4.2:3001";
  Texts variables;
  for (const std::string service : {"", "DB_", "MAIL_RELAY_2_"}) {
    const std::string name = "SEGMENTFLOW_" + service;
    variables.insert({{name + "SERVICE_HOST", "10.96.4.2"},
                      {name + "SERVICE_PORT", "3001"},
                      {name + "SERVICE_PORT_HTTP", "3001"},
                      {name + "SERVICE_PORT_METRICS_2", "9090"},
                      {name + "PORT", address},
                      {name + "PORT_3001_TCP", address},
                      {name + "PORT_3001_TCP_ADDR", "10.96.4.2"},
                      {name + "PORT_3001_TCP_PORT", "3001"},
                      {name + "PORT_3001_TCP_PROTO", "tcp"},
                      {name + "PORT_53_UDP", "udp://10.96.4.2:53"},
                      {name + "PORT_53_UDP_PROTO", "udp"},
                      {name + "PORT_5000_SCTP", "sctp://10.96.4.2:5000"},
                      {name + "PORT_3000_TCP_PORT_START", "3000"},
                      {name + "PORT_3000_TCP_PORT_END", "3010"}});
  }
  variables.insert({{"SEGMENTFLOW_NAME", "/web/segmentflow"}, {"SEGMENTFLOW_ENV_PATH", "/bin"}});
  CHECK(place.load({}, variables).value().listen_port == 3001);
  for (const auto& [name, value] : Texts{{"SEGMENTFLOW_PORT", "4000"},
                                         {"SEGMENTFLOW_LISTEN_PORT", "4000"},
                                         {"SEGMENTFLOW_SMTP_PORT", "587"},
                                         {"SEGMENTFLOW_PORT_TCP", "1"},
                                         {"SEGMENTFLOW_PORT_3001", "1"},
                                         {"SEGMENTFLOW_PORT_3001_HTTP", "1"},
                                         {"SEGMENTFLOW_PORT_3001_TCP_X", "1"},
                                         {"SEGMENTFLOW_SERVICE", "x"},
                                         {"SEGMENTFLOW_SERVICE_PORT_", "1"},
                                         {"SEGMENTFLOW_SERVICE_HOSTS", "x"},
                                         {"SEGMENTFLOW_NAME", "shop"}}) {
    has(place.refusal({}, {{name, value}}), "Unknown setting " + name + " in the environment");
  }
}

TEST_CASE("settings: a bad value names its source and never itself") {
  Place place;
  has(place.refusal({{"http_threads", "many"}}), "--http-threads must be a whole number from 1");
  has(place.refusal({}, {{"SEGMENTFLOW_HTTP_THREADS", "0"}}), "SEGMENTFLOW_HTTP_THREADS must be");
  has(place.refusal({}, {{"SEGMENTFLOW_HTTP_THREADS", "1x"}}), "SEGMENTFLOW_HTTP_THREADS must be");
  has(place.refusal({{"log_level", "loud"}}), "--log-level must be debug");
  has(place.refusal({{"send_deadline", "4 days"}}), "--send-deadline must be a duration");
  has(place.refusal({{"send_deadline", "0s"}}), "--send-deadline must be a duration");
  for (const char* bad : {"", "1m,,5m", "1m,0s", "soon"}) {
    has(place.refusal({{"retry_schedule", bad}}), "--retry-schedule must");
  }
  has(place.refusal({{"lease_expiry", "9s"}}), "--lease-expiry must be at least twice");
  has(place.refusal({{"content_retention", "3d"}}), "--content-retention must not be shorter");
  place.file("http_threads = 1.5\n");
  has(place.refusal(), "http_threads in " + place.folder.file("segmentflow.toml"));
  place.file("http_threads = [1]\n");
  has(place.refusal(), "must be a string or a whole number");
  place.file("log_level = \n");
  has(place.refusal(), "line 1");
}

TEST_CASE("settings: where to listen") {
  Place place;
  struct Row {
    const char* text;
    const char* address;
    int port;
  };
  for (const Row& row : {Row{"0.0.0.0:80", "0.0.0.0", 80}, Row{"[::1]:3001", "::1", 3001},
                         Row{"[::]:65535", "::", 65'535}, Row{"localhost:0", "localhost", 0}}) {
    INFO(row.text);
    const Settings settings = place.load({{"listen", row.text}}).value();
    CHECK(settings.listen_address == row.address);
    CHECK(settings.listen_port == row.port);
  }
  for (const char* bad :
       {"3001", ":3001", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:+1",
        "127.0.0.1:1 ", "127.0.0.1", "[::1]", "[]:3001", "::1:1", "[::1:3001", "::1]:3001"}) {
    INFO(bad);
    has(place.refusal({{"listen", bad}}), "--listen must be ADDRESS:PORT");
  }
}

TEST_CASE("settings: a retry schedule's last wait repeats") {
  Place place;
  const Settings settings =
      place.load({{"retry_schedule", "1s,2m"}, {"send_deadline", "1h"}}).value();
  CHECK(settings.retry.first_waits_micros ==
        std::vector<Time>{kMicrosPerSecond, 120 * kMicrosPerSecond});
  CHECK(settings.retry.every_micros == 120 * kMicrosPerSecond);
  CHECK(settings.retry.give_up_after_micros == 3'600 * kMicrosPerSecond);
}

TEST_CASE("settings: the table's names on every surface") {
  for (const auto& info : app::setting_infos()) {
    INFO(info.name);
    CHECK(app::flag_of(info).starts_with("--"));
    CHECK(app::flag_of(info).find('_') == std::string::npos);
    CHECK(app::environment_of(info).starts_with("SEGMENTFLOW_"));
    CHECK_FALSE(info.doc.empty());
  }
  for (const char* secret : {"smtp_url", "api_key", "secret"}) {
    const auto infos = app::setting_infos();
    const auto found = std::find_if(infos.begin(), infos.end(),
                                    [&](const auto& info) { return info.name == secret; });
    REQUIRE(found != infos.end());
    CHECK(found->secret);
  }
}
