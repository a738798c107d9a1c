// One SQLite connection and its prepared statements. Includes sqlite3.h: for this folder only.
#pragma once

#include <sqlite3.h>

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/store/sql.hpp"
#include "core/store/sqlite/backoff.hpp"

namespace segmentflow::sqlite {

// A prepared statement whose parameters are found by their number: `$n` in the statement's
// parameters, `@n` in the row of its input.
class Statement {
 public:
  Statement(sqlite3* db, std::string_view sql, const std::vector<SqlColumn>& columns);
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  bool made_for(const std::vector<SqlColumn>& columns) const;
  // Runs to the end and appends the rows. `input_row` is empty for a statement without an input.
  // The values must live until it returns.
  void run(std::span<const SqlValue> params, std::span<const SqlValue> input_row, SqlRows& rows);

 private:
  struct Slot {
    bool from_input;
    std::size_t index;
  };
  void learn_slots();
  void bind(std::span<const SqlValue> params, std::span<const SqlValue> input_row);
  void bind_one(int position, const SqlValue& value);
  SqlRow current_row() const;

  sqlite3* db_;
  sqlite3_stmt* handle_ = nullptr;
  std::vector<std::string> columns_;
  std::vector<Slot> slots_;  // in the order of SQLite's positions, which start at 1
  std::size_t params_count_ = 0;
};

enum class Access { ReadWrite, ReadOnly };

struct FileName {
  std::string path;
  std::string vfs;  // empty: SQLite's default
};

// Not thread-safe; opened without SQLite's own mutex.
class Connection {
 public:
  // Throws StoreUnavailable when the file cannot be opened.
  Connection(const FileName& file, Access access);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // The statement for a text, prepared on first use and kept.
  Statement& statement(std::string_view sql, const std::vector<SqlColumn>& columns);

  void begin_write();  // takes the write lock, so that no later statement can fail for it
  void begin_read();
  void commit();  // stops the process when the disk fails
  void rollback() noexcept;
  bool in_transaction() const { return sqlite3_get_autocommit(db_) == 0; }

  // Runs one statement that is not kept.
  SqlRows run_once(std::string_view sql);
  // Writes a copy of the database as of now to a file that does not exist.
  void copy_to(const std::string& path);
  std::int64_t total_changes() const { return sqlite3_total_changes64(db_); }
  std::int64_t last_changes() const { return sqlite3_changes64(db_); }
  sqlite3* handle() const { return db_; }

 private:
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>{}(text);
    }
  };
  void configure(Access access);
  void enter_wal();
  void run_control(std::string_view sql);

  sqlite3* db_ = nullptr;
  Backoff busy_;
  std::unordered_map<std::string, std::unique_ptr<Statement>, TextHash, std::equal_to<>>
      statements_;
};

}  // namespace segmentflow::sqlite
