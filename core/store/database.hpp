// The database as the engine sees it. Repositories are written once against `Transaction`, in the
// SQL that SQLite ≥ 3.40 and PostgreSQL ≥ 13 both understand; what differs lives in core/store
// alone:
//   $1, $2 …        parameters, in the order of the span
//   {input}         the table-valued parameter (sql.hpp)
//   {lock jobs}     locks the rows of the table `jobs` that a SELECT gives until the transaction
//                   ends; nothing on SQLite, where there is one writer
//   {lock_shared}   the same against their deletion only; many may hold it
//   {skip_locked}   locks the rows and leaves out those that others hold, where the backend can
// and, in migrations, the types INTEGER_ID (an increasing row id), BIGINT, TEXT, BYTES.
//
// On PostgreSQL writers run side by side at READ COMMITTED: each statement sees what was committed
// before it. Who reads and then writes about it locks the row first, or puts the condition into the
// writing statement.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/error.hpp"
#include "core/store/sql.hpp"
#include "core/store/tables.hpp"

namespace segmentflow {

// The database cannot serve now (locked too long, disk full, connection lost). Thrown by
// Transaction inside the callbacks below; never leaves core/store: read() and the committer turn it
// into NotReady.
class StoreUnavailable : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Another writer came between, and what it wrote changes what this transaction should do: it is
// rolled back and run again, as after a deadlock; a few times, then it is unavailability.
class RunAgain : public StoreUnavailable {
 public:
  using StoreUnavailable::StoreUnavailable;
};

// A statement broke a constraint it did not expect to break: a defect, or a poisoned list item.
class StoreConstraint : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A statement is wrong or wrongly used (syntax, parameter count, a write in a read): a defect in
// the program. Thrown by Transaction; not caught by read() or write().
class StoreDefect : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

// One open transaction. After a statement failed every further one fails too (StoreDefect), and the
// transaction can only be rolled back, as on PostgreSQL. Used by one thread; must not outlive the
// callback it was handed to.
class Transaction {
 public:
  virtual ~Transaction() = default;

  // Runs one statement to its end. `sql` should come from the source text: statements are prepared
  // once per connection and kept by their text, up to a bound. $1 … must be numbered without gaps,
  // in any order and as often as wanted; `params` has exactly as many values.
  virtual SqlRows query(std::string_view sql, std::span<const SqlValue> params) = 0;

  // Runs one statement over a table-valued parameter. An empty input gives no rows. An
  // `INSERT … SELECT … FROM {input} AS i ON CONFLICT …` needs `WHERE true` before ON CONFLICT,
  // because SQLite would read ON as a join's.
  virtual SqlRows query(std::string_view sql, const SqlInput& input,
                        std::span<const SqlValue> params) = 0;

  // Rows changed by the last statement (by all rows of an input together).
  virtual std::int64_t changes() const = 0;

  // Rows changed since the transaction began; 0 means that it has left no trace.
  virtual std::int64_t rows_written() const = 0;

  // The database's clock: the one that leases are measured with.
  virtual Time now() = 0;

  // Names the database among its copies: another after it was restored from a backup or a standby
  // took over. "" where a copy cannot be told apart (SQLite, strict mode).
  virtual std::string identity() const = 0;

  // There is work for others: once this transaction is durable, processes that listen are told
  // (Database::on_work). Only to be quicker; nothing may depend on it.
  void announce_work() { announces_work_ = true; }
  bool announces_work() const { return announces_work_; }

  SqlRows query(std::string_view sql, std::initializer_list<SqlValue> params) {
    return query(sql, std::span<const SqlValue>(params.begin(), params.size()));
  }
  SqlRows query(std::string_view sql) { return query(sql, std::span<const SqlValue>{}); }
  SqlRows query(std::string_view sql, const SqlInput& input) {
    return query(sql, input, std::span<const SqlValue>{});
  }
  SqlRows query(std::string_view sql, const SqlInput& input,
                std::initializer_list<SqlValue> params) {
    return query(sql, input, std::span<const SqlValue>(params.begin(), params.size()));
  }

 private:
  bool announces_work_ = false;
};

// A numbered step of the schema. Applied once, in order, each in a transaction of its own.
struct Migration {
  int version;
  std::string_view name;
  std::string_view sql;  // statements separated by ';'
  // Hints for PostgreSQL alone that change no meaning, such as storage settings; not run in strict
  // mode.
  std::string_view postgres_hints = {};
};

// A figure about the database itself, for /metrics.
struct StoreGauge {
  std::string name;
  std::string help;
  double value;
};

enum class SchemaState {
  Absent,  // nothing of ours is there: run `segmentflow init`
  Older,   // this binary knows further migrations
  Current,
  Newer,  // a newer binary migrated it: refuse to write
};

// Thread-safe.
class Database {
 public:
  virtual ~Database() = default;

  // Runs `work` in a read-only snapshot on the calling thread (a pooled connection). A read inside
  // a read of the same thread sees the same snapshot. NotReady when the database cannot serve.
  Result<void> read(const std::function<void(Transaction&)>& work);

  // Runs `work` in one write transaction, durable when this returns. For the committer and for
  // start-up; everything else writes through the committer. Rolls back when `work` throws, and
  // throws on; throws StoreUnavailable when the database cannot serve: nothing was written then,
  // or, where the connection was lost while committing, nobody knows. `work` runs again when the
  // database asks for it (a deadlock, a serialization failure). A disk that fails to confirm the
  // commit stops the process. Not to be nested (StoreDefect).
  void write(const std::function<void(Transaction&)>& work);

  // How many write() can run side by side, ≥ 1.
  virtual int writers() const = 0;

  // Throws StoreUnavailable when the database cannot serve.
  virtual SchemaState schema_state(std::span<const Migration> migrations) = 0;

  // Brings the schema up to date; safe when several processes start together. Errors: Conflict when
  // a newer binary migrated it or an applied migration was edited since, NotReady.
  virtual Result<void> migrate(std::span<const Migration> migrations) = 0;

  // Takes the sign of life of an instance: held until the returned object or the process dies.
  // SQLite: a lock on a file beside the database. PostgreSQL: nothing, there the lease decides.
  virtual std::shared_ptr<void> hold_instance(const Uuid& instance) = 0;

  // True when the backend knows at once that the instance's process is gone (SQLite: its lock is
  // free). False means "unknown": wait for the lease to expire.
  virtual bool instance_is_gone(const Uuid& instance) = 0;

  // The URL for people: without its password.
  virtual std::string shown_url() const = 0;

  // The following read, or write, in a transaction of this database.

  virtual std::vector<StoreGauge> gauges(Transaction& tx) = 0;
  // All tables of ours.
  virtual std::vector<Table> tables(Transaction& tx) = 0;
  // Rows were copied into the tables together with their row ids: new ones come after them.
  virtual void row_ids_were_given(Transaction& tx, std::span<const Table> tables) = 0;

  // Writes a consistent copy, as a database file of its own, while others go on. `path` must not
  // exist. Conflict where the backend leaves that to its server's tools, NotReady.
  virtual Result<void> copy_to(const std::string& path) = 0;

  // From now on `hook` is called, on a thread of the database's, after another process announced
  // work, where the backend carries such news. An empty hook ends it: no call is under way when
  // this returns.
  virtual void on_work(std::function<void()> hook) = 0;

 protected:
  // read() without its translation of StoreUnavailable and without nesting.
  virtual void run_read(const std::function<void(Transaction&)>& work) = 0;
  // write() without the check for nesting.
  virtual void run_write(const std::function<void(Transaction&)>& work) = 0;

 private:
  Transaction* read_of_this_thread();

  std::mutex mutex_;
  std::map<std::thread::id, Transaction*> reads_;  // the open one of each thread
  std::set<std::thread::id> writing_;
};

// What a caller is told while the database cannot serve: NotReady, with a time to try again.
inline constexpr int kRetryAfterSeconds = 1;
Error database_not_ready();

struct DatabaseOptions {
  // What Transaction::now() tells; nullptr: the database's own clock, which all its processes share
  // (SQLite: this machine's). Must outlive the database.
  const Clock* clock = nullptr;
  int readers_max = 8;  // pooled connections for reads, ≥ 1
  // The rest is for PostgreSQL.
  int writers = 2;  // connections for writes, ≥ 1
  // Do without SKIP LOCKED and NOTIFY, which distributed engines lack.
  bool strict = false;
  // After this long the server cancels a statement, or ends a transaction that nothing is heard of.
  Time statement_timeout = 30 * kMicrosPerSecond;
  Time idle_timeout = 5 * kMicrosPerSecond;
};

// Opens by URL:
//   sqlite:/absolute/path.db   the folder must exist; the file is created with mode 0600.
//                              `?vfs=name` takes a VFS that was registered with SQLite, for fault
//                              tests.
//   postgresql://…             with libpq's options (PostgreSQL manual, 34.1.1.2), TLS included.
// Errors: ValidationFailed for a URL that is not understood or a server that cannot be used,
// NotReady when it cannot be opened now.
Result<std::unique_ptr<Database>> open_database(std::string_view url,
                                                const DatabaseOptions& options = {});

// A database URL for people.
std::string url_without_password(const std::string& url);

}  // namespace segmentflow
