// Copies of the database: for keeping (backup) and for another backend (migrate).
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "app/commands/commands.hpp"
#include "app/runtime.hpp"
#include "core/delivery/delivery_records.hpp"
#include "core/move/move.hpp"
#include "core/store/schema.hpp"

namespace segmentflow::app {
namespace {

namespace fs = std::filesystem;

Result<void> sync(const fs::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool synced = fd >= 0 && ::fsync(fd) == 0;
  const int why = errno;
  if (fd >= 0) ::close(fd);
  if (synced) return {};
  return fail(ErrorCode::NotReady,
              fmt::format("Cannot sync {}: {}.", path.string(), std::strerror(why)));
}

// The copy accepts emails; what was queued in it waits for an operator, because the original goes
// on sending it. What was under way is Unknown, as nobody will hear of its end here.
Result<std::int64_t> hold_queue(const fs::path& copy, const RetryPolicy& retry) {
  try {
    auto database = open_database("sqlite:" + copy.string());
    if (!database) return tl::unexpected(database.error());
    SystemEntropy entropy;
    std::int64_t held = 0;
    (*database)->write([&](Transaction& tx) {
      for (const auto& instance : list_instances(tx)) {
        unregister_instance(tx, instance.lease.instance);
        reap_deliveries(tx, instance.lease, retry, entropy);
      }
      held = hold_jobs(tx, last_job(tx));
    });
    return held;
  } catch (const StoreUnavailable& failure) {
    return fail(ErrorCode::NotReady,
                fmt::format("Cannot write {}: {}.", copy.string(), failure.what()));
  }
}

// A copy that is being written, and what SQLite keeps beside it. Whatever is left of them when this
// ends is removed: a disk that has become full must not stay so.
class PartialFile {
 public:
  explicit PartialFile(fs::path path) : path_(std::move(path)) { remove(); }
  ~PartialFile() { remove(); }
  PartialFile(const PartialFile&) = delete;
  PartialFile& operator=(const PartialFile&) = delete;

  const fs::path& path() const { return path_; }

 private:
  void remove() const {
    std::error_code ignored;
    for (const char* end : {"", "-journal", "-wal", "-shm", ".instances"}) {
      fs::remove_all(path_.string() + end, ignored);
    }
  }

  const fs::path path_;
};

Result<std::int64_t> write_backup(const Settings& settings, const fs::path& file) {
  auto runtime = Runtime::open(settings);
  if (!runtime) return tl::unexpected(runtime.error());
  const PartialFile copy(file.string() + ".partial");
  const fs::path& partial = copy.path();
  // Copies hold what the database holds: nobody else may read them.
  const auto mask = ::umask(0077);
  auto copied = (*runtime)->database().copy_to(partial.string());
  ::umask(mask);
  if (!copied) return tl::unexpected(copied.error());
  auto held = hold_queue(partial, settings.retry);
  if (!held) return held;
  if (auto synced = sync(partial); !synced) return tl::unexpected(synced.error());
  std::error_code failed;
  fs::rename(partial, file, failed);
  if (failed) {
    return fail(ErrorCode::NotReady,
                fmt::format("Cannot rename {}: {}.", partial.string(), failed.message()));
  }
  if (auto synced = sync(file.parent_path()); !synced) return tl::unexpected(synced.error());
  return held;
}

}  // namespace

int run_backup(const Settings& settings, const std::string& file_text) {
  const fs::path file = fs::absolute(file_text);
  std::error_code ignored;
  if (fs::exists(file, ignored)) {
    return report({ErrorCode::Conflict, fmt::format("{} is there already.", file.string())});
  }
  const auto held = write_backup(settings, file);
  if (!held) return report(held.error());
  fmt::print("{}\n", file.string());
  fmt::print(
      stderr,
      "{} queued emails are on hold in the copy until segmentflow resume is run on it. Keep the "
      "secret with it: {}.\n",
      *held,
      settings.secret.empty() ? (settings.data_dir / "secret").string() : "SEGMENTFLOW_SECRET");
  return 0;
}

int run_migrate(const Settings& settings, const std::string& target_url) {
  if (!settings.database_url.starts_with("sqlite:") ||
      !(target_url.starts_with("postgresql://") || target_url.starts_with("postgres://"))) {
    return report({ErrorCode::ValidationFailed,
                   "migrate moves from SQLite to PostgreSQL: give --to postgresql://… and leave "
                   "SEGMENTFLOW_DATABASE_URL at the SQLite database."});
  }
  if (url_without_password(target_url) != target_url) {
    return report({ErrorCode::ValidationFailed,
                   "--to must not hold a password, because other users of the machine see command "
                   "lines; give it as PGPASSWORD or in a PGPASSFILE."});
  }
  auto source = open_existing_database(settings);
  if (!source) return report(source.error());
  auto target = open_database(target_url, settings.database);
  if (!target) return report(target.error());
  if (auto migrated = (*target)->migrate(schema_migrations()); !migrated) {
    return report(migrated.error());
  }
  SystemEntropy entropy;
  MoveOptions options{(*target)->shown_url(), settings.retry,
                      [](const std::string& table, std::int64_t rows) {
                        fmt::print(stderr, "{}: {} rows\n", table, rows);
                      }};
  const auto moved = move_installation(**source, **target, entropy, options);
  if (!moved) return report(moved.error());
  fmt::print(
      "Moved to {}. Set SEGMENTFLOW_DATABASE_URL to it and keep the data folder, which holds "
      "the secret. The SQLite database is retired.\n",
      options.target_name);
  return 0;
}

}  // namespace segmentflow::app
