// What each result code of SQLite means for us. Includes sqlite3.h: for this folder only.
#pragma once

#include <sqlite3.h>

#include <string>
#include <string_view>

#include "core/store/database.hpp"

namespace segmentflow::sqlite {

// StoreUnavailable with SQLite's extended result code.
class SqliteUnavailable : public StoreUnavailable {
 public:
  SqliteUnavailable(const std::string& message, int code)
      : StoreUnavailable(message), code_(code) {}
  int code() const { return code_; }
  int primary_code() const { return code_ & 0xff; }

 private:
  int code_;
};

// Throws StoreConstraint (the data broke a rule), StoreUnavailable (busy, full, damaged, I/O) or
// StoreDefect (the statement is wrong), with SQLite's own words, which hold no data values.
// A failed sync stops the process instead.
[[noreturn]] void throw_failure(sqlite3* db, int code, std::string_view doing);

// After a failed sync nobody knows what is on the disk, and asking again would lie: the kernel
// marks the lost pages clean. Logs and aborts; the next start recovers from the WAL.
[[noreturn]] void stop_after_lost_sync(int code, std::string_view doing);

// True for the codes of a sync that failed.
bool is_lost_sync(int code);

}  // namespace segmentflow::sqlite
