#include "core/store/sqlite/failure.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <cstdlib>

namespace segmentflow::sqlite {

bool is_lost_sync(int code) {
  return code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC;
}

void stop_after_lost_sync(int code, std::string_view doing) {
  spdlog::critical(
      "The disk did not confirm a write while {} (SQLite code {}: {}). Stopping, because what was "
      "written is not known; check the disk and start again.",
      doing, code, sqlite3_errstr(code));
  spdlog::default_logger()->flush();
  std::abort();
}

void throw_failure(sqlite3* db, int code, std::string_view doing) {
  if (is_lost_sync(code)) stop_after_lost_sync(code, doing);
  const char* words = db != nullptr ? sqlite3_errmsg(db) : sqlite3_errstr(code);
  const auto message = fmt::format("SQLite failed while {}: {} (code {})", doing, words, code);
  switch (code & 0xff) {
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG:
      throw StoreConstraint(message);
    case SQLITE_ERROR:
    case SQLITE_MISUSE:
    case SQLITE_RANGE:
    case SQLITE_SCHEMA:
      throw StoreDefect(message);
    case SQLITE_READONLY:
      if (db != nullptr && sqlite3_db_readonly(db, "main") == 0 && code == SQLITE_READONLY) {
        throw StoreDefect(message + "; a read transaction must not write");
      }
      throw SqliteUnavailable(message, code);
    default:
      throw SqliteUnavailable(message, code);
  }
}

}  // namespace segmentflow::sqlite
