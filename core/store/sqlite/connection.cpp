#include "core/store/sqlite/connection.hpp"

#include <fmt/format.h>

#include "core/store/database.hpp"
#include "core/store/sqlite/failure.hpp"

namespace segmentflow::sqlite {
namespace {

constexpr std::chrono::seconds kBusyMax{10};   // waiting for another process's lock
constexpr std::size_t kStatementsMax = 1'024;  // kept per connection
const std::vector<SqlColumn> kNoColumns;

int on_busy(void* backoff, int attempts) {
  auto& busy = *static_cast<Backoff*>(backoff);
  if (attempts == 0) busy.restart();
  return busy.wait() ? 1 : 0;
}

// temp_store: nothing of ours belongs in /tmp. trusted_schema: a damaged or foreign file must not
// call functions. The page cache is per connection, hence small.
constexpr std::array kPragmas = {
    "PRAGMA synchronous=FULL",   "PRAGMA foreign_keys=ON",      "PRAGMA secure_delete=ON",
    "PRAGMA cache_size=-4096",   "PRAGMA mmap_size=0",          "PRAGMA temp_store=MEMORY",
    "PRAGMA trusted_schema=OFF", "PRAGMA wal_autocheckpoint=0",
};

}  // namespace

Connection::Connection(const FileName& file, Access access) : busy_(kBusyMax) {
  constexpr int kFlags =
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(file.path.c_str(), &db_, kFlags,
                                   file.vfs.empty() ? nullptr : file.vfs.c_str());
  try {
    if (code != SQLITE_OK) throw_failure(db_, code, fmt::format("opening {}", file.path));
    configure(access);
  } catch (...) {
    statements_.clear();
    sqlite3_close(db_);
    throw;
  }
}

Connection::~Connection() {
  statements_.clear();
  sqlite3_close(db_);
}

void Connection::configure(Access access) {
  sqlite3_busy_handler(db_, on_busy, &busy_);
  enter_wal();
  for (const char* pragma : kPragmas) run_once(pragma);
  if (access == Access::ReadOnly) run_once("PRAGMA query_only=ON");
}

// SQLite does not call the busy handler for this switch, so processes that start together wait
// here.
void Connection::enter_wal() {
  Backoff backoff(kBusyMax);
  while (true) {
    try {
      const SqlRows rows = run_once("PRAGMA journal_mode=WAL");
      if (rows.at(0).at(0).text() == "wal") return;
      throw StoreUnavailable("SQLite cannot use a write-ahead log in this folder");
    } catch (const SqliteUnavailable& failure) {
      if (failure.primary_code() != SQLITE_BUSY || !backoff.wait()) throw;
    }
  }
}

Statement& Connection::statement(std::string_view sql, const std::vector<SqlColumn>& columns) {
  const auto found = statements_.find(sql);
  if (found != statements_.end() && found->second->made_for(columns)) return *found->second;
  auto made = std::make_unique<Statement>(db_, sql, columns);
  // Statements are written in the source, so this bound is a guard against generated text only.
  if (statements_.size() >= kStatementsMax) statements_.clear();
  auto& kept = statements_[std::string(sql)];
  kept = std::move(made);
  return *kept;
}

SqlRows Connection::run_once(std::string_view sql) {
  SqlRows rows;
  Statement(db_, sql, kNoColumns).run({}, {}, rows);
  return rows;
}

void Connection::copy_to(const std::string& path) {
  SqlRows rows;
  const SqlValue target(path);
  Statement(db_, "VACUUM INTO $1", kNoColumns).run({&target, 1}, {}, rows);
}

void Connection::run_control(std::string_view sql) {
  SqlRows rows;
  statement(sql, kNoColumns).run({}, {}, rows);
}

void Connection::begin_write() {
  run_control("BEGIN IMMEDIATE");
}

void Connection::begin_read() {
  run_control("BEGIN DEFERRED");
}

void Connection::commit() {
  if (!in_transaction()) throw StoreUnavailable("SQLite rolled the transaction back by itself");
  try {
    run_control("COMMIT");
  } catch (const SqliteUnavailable& failure) {
    // Any I/O error here leaves open whether the commit is on the disk.
    if (failure.primary_code() == SQLITE_IOERR) stop_after_lost_sync(failure.code(), "committing");
    rollback();
    throw;
  } catch (...) {
    rollback();
    throw;
  }
}

void Connection::rollback() noexcept {
  // After some errors SQLite has rolled back already; a rollback itself cannot lose anything.
  if (in_transaction()) sqlite3_exec(db_, "ROLLBACK", nullptr, nullptr, nullptr);
}

}  // namespace segmentflow::sqlite
