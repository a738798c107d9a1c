#include "core/store/sqlite/sqlite_database.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <thread>

#include "core/store/sqlite/checkpointer.hpp"
#include "core/store/sqlite/instance_lock.hpp"
#include "core/store/sqlite/migrations.hpp"
#include "core/store/sqlite/reader_pool.hpp"
#include "core/store/sqlite/transaction.hpp"

namespace segmentflow::sqlite {
namespace {

constexpr mode_t kFileMode = 0600;

class SqliteDatabase final : public Database {
 public:
  SqliteDatabase(const OpenOptions& options, const Clock& clock)
      : path_(options.path),
        clock_(clock),
        writer_({options.path, options.vfs}, Access::ReadWrite),
        readers_({options.path, options.vfs}, options.readers_max, clock),
        checkpointer_({options.path, options.vfs}, writer_mutex_) {
    sqlite3_wal_hook(writer_.handle(), on_wal_commit, this);
  }

  void write(const std::function<void(Transaction&)>& work) override {
    run_write([&](SqliteTransaction& tx) { work(tx); });
  }

  SchemaState schema_state(std::span<const Migration> migrations) override {
    SchemaState state = SchemaState::Absent;
    run_read([&](Transaction& tx) { state = sqlite::schema_state(tx, migrations); });
    return state;
  }

  Result<void> migrate(std::span<const Migration> migrations) override;

  std::shared_ptr<void> hold_instance(const Uuid& instance) override {
    return sqlite::hold_instance(path_, instance);
  }

  bool instance_is_gone(const Uuid& instance) override {
    return sqlite::instance_is_gone(path_, instance);
  }

 protected:
  void run_read(const std::function<void(Transaction&)>& work) override { readers_.run(work); }

 private:
  void run_write(const std::function<void(SqliteTransaction&)>& work);

  static int on_wal_commit(void* self, sqlite3*, const char*, int pages) {
    static_cast<SqliteDatabase*>(self)->checkpointer_.wal_is(pages);
    return SQLITE_OK;
  }

  const std::string path_;
  const Clock& clock_;
  std::mutex writer_mutex_;
  std::atomic<std::thread::id> writing_thread_{};
  Connection writer_;
  ReaderPool readers_;
  Checkpointer checkpointer_;
};

void SqliteDatabase::run_write(const std::function<void(SqliteTransaction&)>& work) {
  if (writing_thread_.load() == std::this_thread::get_id()) {
    throw StoreDefect("write() inside write() on one thread");
  }
  const std::lock_guard lock(writer_mutex_);
  writer_.begin_write();
  writing_thread_ = std::this_thread::get_id();
  try {
    SqliteTransaction tx(writer_, clock_);
    work(tx);
    if (tx.failed()) throw StoreDefect("a write went on after one of its statements failed");
    writer_.commit();
  } catch (...) {
    writer_.rollback();
    writing_thread_ = std::thread::id();
    throw;
  }
  writing_thread_ = std::thread::id();
}

Result<void> SqliteDatabase::migrate(std::span<const Migration> migrations) {
  Result<void> result;
  try {
    if (schema_state(migrations) == SchemaState::Newer) {
      return fail(ErrorCode::Conflict,
                  "A newer version of Segmentflow has migrated this database. Use that version, or "
                  "restore a backup from before the upgrade.");
    }
    for (const Migration& migration : migrations) {
      run_write([&](SqliteTransaction& tx) { result = apply_migration(writer_, tx, migration); });
      if (!result) return result;
    }
  } catch (const StoreUnavailable&) {
    return tl::unexpected(database_not_ready());
  }
  return result;
}

// Counting its memory makes SQLite take one lock for every allocation of all connections. Later
// than its first use SQLite refuses, and merely goes on counting.
void stop_counting_memory() {
  static std::once_flag once;
  std::call_once(once, [] { sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); });
}

// SQLite would create the file with the umask's mode; its log and index files copy what they find.
Result<void> create_private_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kFileMode);
  if (fd >= 0) {
    ::close(fd);
    return {};
  }
  return fail(ErrorCode::NotReady, fmt::format("Cannot open the database {}: {}. Check the folder "
                                               "and its permissions.",
                                               path, std::strerror(errno)));
}

}  // namespace

Result<std::unique_ptr<Database>> open(const OpenOptions& options, const Clock& clock) {
  stop_counting_memory();
  if (!options.vfs.empty() && sqlite3_vfs_find(options.vfs.c_str()) == nullptr) {
    return fail(ErrorCode::ValidationFailed,
                fmt::format("Database URL: no VFS `{}` is registered.", options.vfs));
  }
  const auto folder = std::filesystem::path(options.path).parent_path();
  std::error_code ignored;
  if (!std::filesystem::is_directory(folder, ignored)) {
    return fail(
        ErrorCode::NotReady,
        fmt::format("The folder {} of the database does not exist; create it.", folder.string()));
  }
  if (auto created = create_private_file(options.path); !created) {
    return tl::unexpected(created.error());
  }
  try {
    return std::make_unique<SqliteDatabase>(options, clock);
  } catch (const StoreUnavailable& failure) {
    return fail(ErrorCode::NotReady,
                fmt::format("Cannot open the database {}: {}.", options.path, failure.what()));
  }
}

}  // namespace segmentflow::sqlite
