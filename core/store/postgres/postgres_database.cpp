#include "core/store/postgres/postgres_database.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <thread>

#include "core/store/connection_pool.hpp"
#include "core/store/migrations.hpp"
#include "core/store/postgres/connector.hpp"
#include "core/store/postgres/failure.hpp"
#include "core/store/postgres/lowering.hpp"
#include "core/store/postgres/news.hpp"
#include "core/store/postgres/transaction.hpp"
#include "core/store/postgres/url.hpp"

namespace segmentflow::postgres {
namespace {

// How often a transaction is run (RunAgain), and the pause before the next run, which grows with
// their number.
constexpr int kRunsMax = 10;
constexpr std::chrono::milliseconds kPauseStep{2};

using Pool = ConnectionPool<Connection>;

class PostgresDatabase final : public Database {
 public:
  PostgresDatabase(SessionOptions session, const DatabaseOptions& options)
      : clock_(options.clock),
        connector_(std::move(session)),
        writers_max_(options.writers),
        writers_(options.writers, [this] { return connector_.connect(); }),
        readers_(options.readers_max, [this] { return connector_.connect(); }) {}

  int writers() const override { return writers_max_; }
  SchemaState schema_state(std::span<const Migration> migrations) override;
  Result<void> migrate(std::span<const Migration> migrations) override;
  std::shared_ptr<void> hold_instance(const Uuid&) override { return nullptr; }
  bool instance_is_gone(const Uuid&) override { return false; }
  std::string shown_url() const override { return without_password(connector_.options().url); }
  std::vector<StoreGauge> gauges(Transaction& tx) override;
  std::vector<Table> tables(Transaction& tx) override;
  void row_ids_were_given(Transaction& tx, std::span<const Table> tables) override;
  Result<void> copy_to(const std::string& path) override;
  void on_work(std::function<void()> hook) override {
    news_.stop();
    if (hook && !connector_.options().strict) news_.start(std::move(hook));
  }

  // Throws what connecting throws.
  void check() { readers_.lend(); }

 protected:
  void run_read(const std::function<void(Transaction&)>& work) override;
  void run_write(const std::function<void(Transaction&)>& work) override;

 private:
  using Work = std::function<void(Connection&, Transaction&)>;
  void run_in_transaction(Pool& pool, Mode mode, const Work& work);
  void run_once(Pool::Lent& connection, Mode mode, const Work& work);
  Time begin(Pool::Lent& connection, Mode mode);
  void make_history();
  Result<void> apply(const Migration& migration);

  const Clock* const clock_;  // nullptr: the server's
  Connector connector_;
  const int writers_max_;
  Pool writers_;
  Pool readers_;
  News news_{connector_};
};

// A session that died while nobody used it has done nothing yet: a new one takes its place.
Time PostgresDatabase::begin(Pool::Lent& connection, Mode mode) {
  if (!connection.is_open()) connection.renew();  // lost at the end of an earlier run
  try {
    return connection->begin(mode);
  } catch (const StoreUnavailable&) {
    connection->rollback();
    if (!connection->is_broken()) throw;
  }
  connection.renew();
  return connection->begin(mode);
}

void PostgresDatabase::run_once(Pool::Lent& connection, Mode mode, const Work& work) {
  const Time server_time = begin(connection, mode);
  try {
    PostgresTransaction tx(*connection, clock_ != nullptr ? clock_->now() : server_time);
    work(*connection, tx);
    if (tx.failed() && mode == Mode::Write) {
      throw StoreDefect("a write went on after one of its statements failed");
    }
    connection->commit();
    if (tx.announces_work()) news_.tell();
  } catch (...) {
    connection->rollback();
    if (connection->is_broken()) connection.discard();
    throw;
  }
}

void PostgresDatabase::run_in_transaction(Pool& pool, Mode mode, const Work& work) {
  auto connection = pool.lend();
  for (int run = 1; run < kRunsMax; ++run) {
    try {
      return run_once(connection, mode, work);
    } catch (const RunAgain& again) {
      spdlog::debug("Running a transaction again: {}", again.what());
      std::this_thread::sleep_for(run * kPauseStep);
    }
  }
  run_once(connection, mode, work);
}

void PostgresDatabase::run_read(const std::function<void(Transaction&)>& work) {
  run_in_transaction(readers_, Mode::Read, [&](Connection&, Transaction& tx) { work(tx); });
}

void PostgresDatabase::run_write(const std::function<void(Transaction&)>& work) {
  run_in_transaction(writers_, Mode::Write, [&](Connection&, Transaction& tx) { work(tx); });
}

std::vector<Table> PostgresDatabase::tables(Transaction& tx) {
  std::vector<Table> tables;
  for (const auto& row :
       tx.query("SELECT CAST(table_name AS TEXT), CAST(column_name AS TEXT), "
                "CAST(data_type AS TEXT) FROM information_schema.columns "
                "WHERE table_schema = current_schema() ORDER BY table_name, ordinal_position")) {
    if (tables.empty() || tables.back().name != row[0].text())
      tables.push_back({row[0].text(), {}});
    const std::string& type = row[2].text();
    tables.back().described.push_back({row[1].text(), type == "bigint" ? SqlType::Integer
                                                      : type == "text" ? SqlType::Text
                                                                       : SqlType::Bytes});
  }
  return tables;
}

void PostgresDatabase::row_ids_were_given(Transaction& tx, std::span<const Table> tables) {
  for (const Table& table : tables) {
    tx.query(
        fmt::format("SELECT setval(pg_get_serial_sequence('{0}', 'row_id'), "
                    "(SELECT coalesce(max(row_id), 0) + 1 FROM {0}), false)",
                    table.name));
  }
}

Result<void> PostgresDatabase::copy_to(const std::string&) {
  return fail(
      ErrorCode::Conflict,
      "PostgreSQL has its own tools for backups (pg_dump, pg_basebackup). A copy that is "
      "restored from them is recognised by its server and holds its queue until segmentflow "
      "resume; see docs/operations.md.");
}

std::vector<StoreGauge> PostgresDatabase::gauges(Transaction& tx) {
  if (connector_.options().strict) return {};
  std::vector<StoreGauge> gauges;
  const auto dead =
      tx.query("SELECT n_dead_tup FROM pg_stat_user_tables WHERE relid = to_regclass('jobs')");
  const auto oldest = tx.query(
      "SELECT CAST(coalesce(extract(epoch FROM max(clock_timestamp() - xact_start)), 0) * 1000 "
      "AS BIGINT) FROM pg_stat_activity WHERE datname = current_database() "
      "AND pid <> pg_backend_pid()");
  gauges.push_back({"segmentflow_postgres_job_dead_tuples",
                    "Versions of jobs that wait for a vacuum, as the server estimates",
                    static_cast<double>(dead.at(0).at(0).integer())});
  gauges.push_back({"segmentflow_postgres_oldest_transaction_seconds",
                    "Age of the oldest transaction in the database: it keeps dead tuples",
                    static_cast<double>(oldest.at(0).at(0).integer()) / 1000});
  return gauges;
}

SchemaState PostgresDatabase::schema_state(std::span<const Migration> migrations) {
  SchemaState state = SchemaState::Absent;
  run_read([&](Transaction& tx) {
    const SqlRows table = tx.query("SELECT to_regclass('schema_migrations') IS NOT NULL");
    if (table.at(0).at(0).boolean()) state = compare_history(tx, migrations);
  });
  return state;
}

// Version 0 is no migration: it is the row on which processes that migrate wait for each other.
void PostgresDatabase::make_history() {
  const auto make = [&](Connection& connection, Transaction& tx) {
    connection.run_once(create_schema_history(kDialect));
    tx.query(
        "INSERT INTO schema_migrations (version, name, checksum, applied_at) "
        "VALUES (0, 'lock', '', $1) ON CONFLICT DO NOTHING",
        {tx.now()});
  };
  // IF NOT EXISTS is no promise: of two processes that make the table at once one can fail, in the
  // catalogue's index or with "already exists".
  try {
    return run_in_transaction(writers_, Mode::Write, make);
  } catch (const StoreConstraint&) {
  } catch (const StoreDefect&) {
  }
  run_in_transaction(writers_, Mode::Write, make);
}

Result<void> PostgresDatabase::apply(const Migration& migration) {
  Result<void> result;
  run_in_transaction(writers_, Mode::Write, [&](Connection& connection, Transaction& tx) {
    const auto run = [&](const std::string& sql) { connection.run_once(sql); };
    // A change to a large table takes as long as it takes, and so does waiting for another's.
    run("SET LOCAL statement_timeout = 0");
    tx.query("SELECT version FROM schema_migrations WHERE version = 0 {lock schema_migrations}");
    const std::int64_t before = tx.rows_written();
    result = apply_migration(tx, migration, kDialect, run);
    const bool is_new = tx.rows_written() != before;
    if (!is_new || connector_.options().strict) return;
    for (const auto& hint : migration_statements(migration.postgres_hints, kDialect)) run(hint);
  });
  return result;
}

Result<void> PostgresDatabase::migrate(std::span<const Migration> migrations) {
  try {
    switch (schema_state(migrations)) {
      case SchemaState::Newer:
        return tl::unexpected(newer_schema());
      case SchemaState::Absent:
        make_history();
        break;
      case SchemaState::Older:
      case SchemaState::Current:
        break;
    }
    for (const Migration& migration : migrations) {
      if (auto applied = apply(migration); !applied) return applied;
    }
    return {};
  } catch (const StoreUnavailable& failure) {
    spdlog::warn("Migrating failed: {}", failure.what());
    return tl::unexpected(database_not_ready());
  }
}

}  // namespace

Result<std::unique_ptr<Database>> open(const std::string& url, const DatabaseOptions& options) {
  const std::string shown = without_password(url);
  try {
    if (!is_readable(url)) {
      return fail(ErrorCode::ValidationFailed,
                  fmt::format("The database URL {} cannot be read. In user names and passwords "
                              "percent-encode @ (%40), : (%3A), / (%2F), ? (%3F) and % (%25); "
                              "after ? only options of libpq may stand.",
                              shown));
    }
    SessionOptions session{url, options.strict, options.statement_timeout, options.idle_timeout};
    auto database = std::make_unique<PostgresDatabase>(std::move(session), options);
    database->check();
    return database;
  } catch (const StoreDefect& defect) {
    return fail(ErrorCode::ValidationFailed, fmt::format("Database {}: {}.", shown, defect.what()));
  } catch (const StoreUnavailable& failure) {
    return fail(ErrorCode::NotReady,
                fmt::format("Cannot open the database {}: {}", shown, failure.what()));
  }
}

}  // namespace segmentflow::postgres
