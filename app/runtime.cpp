#include "app/runtime.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/jobs/provenance.hpp"
#include "core/store/schema.hpp"

namespace segmentflow::app {
namespace {

namespace fs = std::filesystem;

// Whoever previews can wait; mail and calls go before.

Result<void> make_data_dir(const std::filesystem::path& folder) {
  std::error_code error;
  if (std::filesystem::is_directory(folder, error)) return {};
  if (std::filesystem::create_directories(folder, error) && ::chmod(folder.c_str(), 0700) == 0) {
    return {};
  }
  return fail(ErrorCode::NotReady,
              fmt::format("Cannot make the data folder {}. Choose another with --data-dir or "
                          "SEGMENTFLOW_DATA_DIR.",
                          folder.string()));
}

Error not_initialised(const Settings& settings) {
  return {
      ErrorCode::NotFound,
      fmt::format("There is no Segmentflow installation in {}. Run: segmentflow init --data-dir {}",
                  settings.data_dir.string(), settings.data_dir.string())};
}

Result<void> check_schema(Database& database, const Settings& settings) {
  switch (database.schema_state(schema_migrations())) {
    case SchemaState::Current:
      return {};
    case SchemaState::Absent:
      return tl::unexpected(not_initialised(settings));
    case SchemaState::Older:
      return fail(
          ErrorCode::Conflict,
          "The database was made by an older version. Run segmentflow serve or segmentflow init "
          "of this version once to bring it up to date.");
    case SchemaState::Newer:
      break;
  }
  return fail(ErrorCode::Conflict,
              "The database was made by a newer version of Segmentflow. Use that version.");
}

Result<bool> is_installed(Database& database) {
  bool found = false;
  return database
      .read([&](Transaction& tx) { found = !tx.query("SELECT 1 FROM installation").empty(); })
      .map([&] { return found; });
}

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

}  // namespace

Result<void> initialise(const Settings& settings) {
  if (auto made = make_data_dir(settings.data_dir); !made) return made;
  SystemEntropy entropy;
  auto database = open_database(settings.database_url, settings.database);
  if (!database) return tl::unexpected(database.error());
  if ((*database)->schema_state(schema_migrations()) == SchemaState::Newer) {
    return check_schema(**database, settings);
  }
  if (auto migrated = (*database)->migrate(schema_migrations()); !migrated) return migrated;
  // A new secret only for a new installation: a database that was restored without its secret must
  // not get another one.
  const auto installed = is_installed(**database);
  if (!installed) return tl::unexpected(installed.error());
  auto secret = *installed
                    ? InstallationSecret::load(settings.secret, settings.data_dir)
                    : InstallationSecret::load_or_make(settings.secret, settings.data_dir, entropy);
  if (!secret) return tl::unexpected(secret.error());
  if (const auto problem = problem_of_delivery_url(settings.smtp_url)) {
    return fail(ErrorCode::ValidationFailed, fmt::format("SEGMENTFLOW_SMTP_URL: {}", *problem));
  }
  Result<void> checked;
  (*database)->write([&](Transaction& tx) {
    checked = require_not_moved(tx);
    if (!checked) return;
    ensure_installation(tx, *secret);
    checked = check_installation(tx, *secret);
    if (checked && !settings.smtp_url.empty()) {
      store_delivery_url(tx, *secret, entropy, settings.smtp_url);
    }
  });
  return checked;
}

Result<std::unique_ptr<Database>> open_existing_database(const Settings& settings) {
  // Opening would make the file: an installation that is not there must not look half there.
  std::error_code ignored;
  const auto file = settings.data_dir / "segmentflow.db";
  if (settings.database_url == "sqlite:" + file.string() && !fs::exists(file, ignored)) {
    return tl::unexpected(not_initialised(settings));
  }
  auto database = open_database(settings.database_url, settings.database);
  if (!database) return database;
  if (auto checked = check_schema(**database, settings); !checked) {
    return tl::unexpected(checked.error());
  }
  return database;
}

Result<std::unique_ptr<Runtime>> Runtime::open(Settings settings) {
  auto secret = InstallationSecret::load(settings.secret, settings.data_dir);
  auto database = open_existing_database(settings);
  if (!database) return tl::unexpected(database.error());
  if (!secret) return tl::unexpected(secret.error());
  Result<void> checked;
  bool is_copied_from = false;
  auto read = (*database)->read([&](Transaction& tx) {
    checked = require_not_moved(tx);
    if (checked) checked = check_installation(tx, *secret);
    is_copied_from = checked && has_open_move(tx);
  });
  if (!read) return tl::unexpected(read.error());
  if (!checked) return tl::unexpected(checked.error());
  if (is_copied_from) (*database)->write(drop_open_move);
  return std::unique_ptr<Runtime>(
      new Runtime(std::move(settings), std::move(*secret), std::move(*database)));
}

Runtime::Runtime(Settings settings, InstallationSecret secret, std::unique_ptr<Database> database)
    : settings_(std::move(settings)),
      secret_(std::move(secret)),
      database_(std::move(database)),
      accept_sends_(std::make_unique<AcceptSends>(ids_, secret_, templates_,
                                                  AcceptSettings{settings_.send_deadline})),
      authenticator_(std::make_unique<Authenticator>(*database_, clock_)),
      composer_(std::make_unique<Composer>(*database_, templates_)),
      committer_(std::make_unique<Committer>(
          *database_, CommitterLimits{settings_.commit_batch_max, settings_.commit_queue_max})) {
  committer_->on_commit([this] { wake_delivery(); });
  readers_ = std::make_unique<ReaderPool>(settings_.reader_threads, settings_.calls_in_flight_max);
  acceptor_ =
      std::make_unique<Acceptor>(*database_, *committer_, *readers_, templates_, *accept_sends_);
  previews_ = std::make_unique<RenderWorkers>(
      RenderWorkersOptions{.threads = settings_.preview_threads,
                           .nice = kPatientNice,
                           .waiting_max = settings_.previews_waiting_max});
  engine_.reset(new Engine{clock_, ids_, secret_, *database_, *committer_, *readers_,
                           *authenticator_, *acceptor_, *previews_, composer_->gate(),
                           [this] { return delivery_status(); }, std::string(kVersion)});
  audit_ = std::make_unique<AuditLog>(*committer_);
  dispatcher_ = std::make_unique<Dispatcher>(
      *engine_, registry_, DispatcherLimits{settings_.calls_in_flight_max}, audit_.get());
}

Runtime::~Runtime() {
  leave(std::chrono::milliseconds(0));
  readers_->stop();
  previews_->stop();
  audit_->stop();
  committer_.reset();
}

void Runtime::wake_delivery() {
  std::shared_ptr<DeliveryHost> delivery;
  {
    const std::lock_guard lock(joined_mutex_);
    delivery = delivery_;
  }
  if (delivery) delivery->wake();
}

Result<void> Runtime::join(InstanceRole role) {
  Instance self;
  self.role = role;
  self.host = host_name();
  self.process_id = ::getpid();
  self.version = kVersion;
  auto membership = std::make_shared<Membership>(
      *database_, *committer_, ids_, settings_.lease, self,
      [this](Transaction& tx, const Lease& gone, Departure how) {
        return reap_deliveries(tx, gone, settings_.retry, entropy_, how);
      },
      &elapsed_);
  warn_of_held_jobs();  // those of earlier starts; the membership tells of what it holds
  if (auto started = membership->start(); !started) return started;
  database_->on_work([this] { wake_delivery(); });
  auto delivery =
      std::make_shared<DeliveryHost>(settings_, role, *database_, *committer_, *membership,
                                     *composer_, ids_, entropy_, clock_, secret_);
  delivery->start();
  const std::lock_guard lock(joined_mutex_);
  membership_ = std::move(membership);
  delivery_ = std::move(delivery);
  return {};
}

void Runtime::warn_of_held_jobs() {
  std::int64_t held = 0;
  const auto read = database_->read([&](Transaction& tx) { held = count_held_jobs(tx); });
  if (!read || held == 0) return;
  spdlog::warn(
      "{} emails are on hold, because this database is a restored copy and the original may have "
      "sent them. Run segmentflow resume to deliver them",
      held);
}

void Runtime::leave(std::chrono::milliseconds patience) {
  std::shared_ptr<Membership> membership;
  std::shared_ptr<DeliveryHost> delivery;
  {
    const std::lock_guard lock(joined_mutex_);
    membership = std::move(membership_);
    delivery = std::move(delivery_);
    membership_ = nullptr;
    delivery_ = nullptr;
  }
  database_->on_work({});
  if (delivery) delivery->stop(patience);
  if (membership) membership->stop();
}

std::optional<DeliveryHost::Totals> Runtime::delivery_totals() const {
  const std::lock_guard lock(joined_mutex_);
  if (!delivery_) return std::nullopt;
  return delivery_->totals();
}

// A process that does not deliver tells what the installation is set to, and whether a server is
// there.
DeliveryStatus Runtime::delivery_status() {
  {
    const std::lock_guard lock(joined_mutex_);
    if (delivery_) return delivery_->status();
  }
  Result<std::string> url = std::string();
  bool serve_is_alive = false;
  const auto read = database_->read([&](Transaction& tx) {
    url = load_delivery_url(tx, secret_);
    for (const auto& instance : list_instances(tx)) {
      if (instance.role == InstanceRole::Serve && instance.expires_at > tx.now()) {
        serve_is_alive = true;
      }
    }
  });
  if (!read || !url) return {DeliveryMode::Off, false, "The delivery settings cannot be read."};
  DeliveryStatus status{delivery_mode_of(*url), serve_is_alive, describe_delivery(*url, {})};
  if (status.mode != DeliveryMode::Off && !serve_is_alive) {
    status.detail += " No server is running, so emails wait: start segmentflow serve.";
  }
  status.enabled = serve_is_alive && status.mode != DeliveryMode::Off;
  return status;
}

}  // namespace segmentflow::app
