#include "core/store/sqlite/sqlite_database.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <mutex>

#include "core/store/connection_pool.hpp"
#include "core/store/migrations.hpp"
#include "core/store/sqlite/checkpointer.hpp"
#include "core/store/sqlite/instance_lock.hpp"
#include "core/store/sqlite/lowering.hpp"
#include "core/store/sqlite/transaction.hpp"

namespace segmentflow::sqlite {
namespace {

constexpr mode_t kFileMode = 0600;

class SqliteDatabase final : public Database {
 public:
  SqliteDatabase(const FileName& file, const DatabaseOptions& options)
      : file_(file),
        clock_(options.clock != nullptr ? *options.clock : own_clock_),
        writer_(file, Access::ReadWrite),
        readers_(options.readers_max,
                 [file] { return std::make_unique<Connection>(file, Access::ReadOnly); }),
        checkpointer_(file, writer_mutex_) {
    sqlite3_wal_hook(writer_.handle(), on_wal_commit, this);
  }

  int writers() const override { return 1; }
  SchemaState schema_state(std::span<const Migration> migrations) override;
  Result<void> migrate(std::span<const Migration> migrations) override;

  std::shared_ptr<void> hold_instance(const Uuid& instance) override {
    return sqlite::hold_instance(file_.path, instance);
  }

  bool instance_is_gone(const Uuid& instance) override {
    return sqlite::instance_is_gone(file_.path, instance);
  }

  std::string shown_url() const override { return "sqlite:" + file_.path; }
  std::vector<StoreGauge> gauges(Transaction&) override { return {}; }
  std::vector<Table> tables(Transaction& tx) override;
  void row_ids_were_given(Transaction&, std::span<const Table>) override {
  }  // a new one follows the largest
  Result<void> copy_to(const std::string& path) override;
  void on_work(std::function<void()>) override {}  // processes of one machine look often enough

 protected:
  void run_read(const std::function<void(Transaction&)>& work) override;
  void run_write(const std::function<void(Transaction&)>& work) override;

 private:
  static int on_wal_commit(void* self, sqlite3*, const char*, int pages) {
    static_cast<SqliteDatabase*>(self)->checkpointer_.wal_is(pages);
    return SQLITE_OK;
  }

  const FileName file_;
  const SystemClock own_clock_;
  const Clock& clock_;
  std::mutex writer_mutex_;
  Connection writer_;
  ConnectionPool<Connection> readers_;
  Checkpointer checkpointer_;
};

void SqliteDatabase::run_read(const std::function<void(Transaction&)>& work) {
  auto connection = readers_.lend();
  connection->begin_read();
  try {
    SqliteTransaction tx(*connection, clock_);
    work(tx);
    connection->commit();
  } catch (...) {
    connection->rollback();
    throw;
  }
}

void SqliteDatabase::run_write(const std::function<void(Transaction&)>& work) {
  const std::lock_guard lock(writer_mutex_);
  writer_.begin_write();
  try {
    SqliteTransaction tx(writer_, clock_);
    work(tx);
    if (tx.failed()) throw StoreDefect("a write went on after one of its statements failed");
    writer_.commit();
  } catch (...) {
    writer_.rollback();
    throw;
  }
}

std::vector<Table> SqliteDatabase::tables(Transaction& tx) {
  std::vector<Table> tables;
  for (const auto& row :
       tx.query("SELECT t.name, c.name, c.type FROM sqlite_schema t, pragma_table_info(t.name) c "
                "WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%' ORDER BY t.name, c.cid")) {
    if (tables.empty() || tables.back().name != row[0].text())
      tables.push_back({row[0].text(), {}});
    const std::string& type = row[2].text();
    tables.back().described.push_back({row[1].text(), type == "INTEGER" ? SqlType::Integer
                                                      : type == "TEXT"  ? SqlType::Text
                                                                        : SqlType::Bytes});
  }
  return tables;
}

// VACUUM INTO reads one snapshot and writes a file without free pages; it does not wait for the
// disk, so the caller syncs.
Result<void> SqliteDatabase::copy_to(const std::string& path) {
  try {
    // A connection for reading may not write, whichever file.
    Connection(file_, Access::ReadWrite).copy_to(path);
    return {};
  } catch (const StoreUnavailable& failure) {
    return fail(ErrorCode::NotReady, fmt::format("Cannot write {}: {}.", path, failure.what()));
  }
}

SchemaState SqliteDatabase::schema_state(std::span<const Migration> migrations) {
  SchemaState state = SchemaState::Absent;
  run_read([&](Transaction& tx) {
    const SqlRows table =
        tx.query("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'schema_migrations'");
    if (!table.empty()) state = compare_history(tx, migrations);
  });
  return state;
}

Result<void> SqliteDatabase::migrate(std::span<const Migration> migrations) {
  Result<void> result;
  try {
    if (schema_state(migrations) == SchemaState::Newer) return tl::unexpected(newer_schema());
    for (const Migration& migration : migrations) {
      write([&](Transaction& tx) {
        writer_.run_once(create_schema_history(kDialect));
        result = apply_migration(tx, migration, kDialect,
                                 [&](const std::string& sql) { writer_.run_once(sql); });
      });
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

Result<std::unique_ptr<Database>> open(const std::string& path, const std::string& vfs,
                                       const DatabaseOptions& options) {
  stop_counting_memory();
  if (!vfs.empty() && sqlite3_vfs_find(vfs.c_str()) == nullptr) {
    return fail(ErrorCode::ValidationFailed,
                fmt::format("Database URL: no VFS `{}` is registered.", vfs));
  }
  const auto folder = std::filesystem::path(path).parent_path();
  std::error_code ignored;
  if (!std::filesystem::is_directory(folder, ignored)) {
    return fail(
        ErrorCode::NotReady,
        fmt::format("The folder {} of the database does not exist; create it.", folder.string()));
  }
  if (auto created = create_private_file(path); !created) return tl::unexpected(created.error());
  try {
    return std::make_unique<SqliteDatabase>(FileName{path, vfs}, options);
  } catch (const StoreUnavailable& failure) {
    return fail(ErrorCode::NotReady,
                fmt::format("Cannot open the database {}: {}.", path, failure.what()));
  }
}

}  // namespace segmentflow::sqlite
