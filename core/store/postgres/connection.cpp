#include "core/store/postgres/connection.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <pqxx/except>
#include <pqxx/prepared_statement>
#include <pqxx/result>
#include <sstream>

#include "core/store/postgres/failure.hpp"
#include "core/store/postgres/lowering.hpp"
#include "core/store/postgres/url.hpp"
#include "core/store/postgres/wire.hpp"

namespace segmentflow::postgres {
namespace {

constexpr const char* kChannel = "segmentflow_work";
constexpr const char* kReadOnlyTransaction = "25006";
constexpr std::size_t kStatementsMax = 1'024;  // kept per session
constexpr int kServerVersionMin = 130'000;     // 13.0, as server_version_num

// The clock is asked for on the way: leases are measured with it, and a trip of its own would cost.
constexpr std::string_view kClock =
    "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)";

// A cluster has an identifier from its birth and a timeline for each life since; a database that
// was restored from a dump has another OID. A session stays in one life: a standby takes no
// writers.
constexpr std::string_view kIdentity =
    "SELECT system_identifier || '/' || left(pg_walfile_name(pg_current_wal_lsn()), 8) || '/' || "
    "(SELECT oid FROM pg_database WHERE datname = current_database()) FROM pg_control_system()";

std::string milliseconds(Time time) {
  return fmt::format("{}", time / 1000);
}

// Statements of a few rows that reach their tables through an index: what the planner would win by
// looking at each set of parameters it would lose by planning. A plan that reads a whole table, or
// sorts it, is never right.
constexpr std::array kPlanner = {
    "SET jit = off",
    "SET plan_cache_mode = force_generic_plan",
    "SET enable_seqscan = off",
    "SET enable_bitmapscan = off",
    "SET enable_hashjoin = off",
    "SET enable_mergejoin = off",
    "SET enable_sort = off",
};

// A plan that was made while a table was empty drives from it, and stays bad when it has grown,
// until somebody analyses the table. Planning all our statements again takes some milliseconds.
constexpr std::chrono::seconds kPlansKeptFor{2};

// libpq's words have a line for each host it tried.
std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    if (!line.empty()) lines.push_back(line);
  }
  return lines;
}

SqlRows rows_of(const pqxx::result& result) {
  SqlRows rows;
  rows.reserve(result.size());
  std::vector<unsigned> types;
  for (pqxx::row_size_type i = 0; i < result.columns(); ++i) types.push_back(result.column_type(i));
  for (const auto& from : result) {
    SqlRow row;
    row.reserve(types.size());
    for (pqxx::row_size_type i = 0; i < types.size(); ++i) {
      const auto field = from[i];
      if (field.is_null()) {
        row.emplace_back();
      } else {
        row.push_back(parse_field({field.c_str(), field.size()}, types[i]));
      }
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace

bool Connection::Notices::operator()(const char message[]) noexcept {
  try {
    spdlog::debug("PostgreSQL says: {}", message);
  } catch (...) {  // a message that cannot be logged is not worth a failure
    return false;
  }
  return false;  // no other handler: the default one would print
}

// Runs the action and turns pqxx's exceptions into ours.
template <class Action>
auto Connection::translated(std::string_view doing, Action action) {
  try {
    return action();
  } catch (const pqxx::sql_error& error) {
    const std::string& state = error.sqlstate();
    if (state == kReadOnlyTransaction && mode_ == Mode::Read) {
      throw StoreDefect(fmt::format("a read transaction must not write: {}", doing));
    }
    broken_ = broken_ || state.empty() || ends_connection(state);
    if (state.empty()) throw StoreUnavailable(fmt::format("PostgreSQL is lost while {}", doing));
    throw_failure(state, error.what(), doing);
  } catch (const pqxx::statement_completion_unknown& error) {  // a transaction_rollback to pqxx
    throw StoreUnavailable(fmt::format("{}: {}", doing, error.what()));
  } catch (const pqxx::transaction_rollback& error) {  // deadlock, serialization failure
    throw RunAgain(fmt::format("{}: {}", doing, error.what()));
  } catch (const pqxx::failure& error) {  // of connections
    // pqxx takes every error of class 08 for a lost connection, also a wrong number of parameters.
    // A session that the server ends says FATAL, and looks open until its end is read.
    const std::string_view words = error.what();
    if (session_ && session_->is_open() && words.starts_with("ERROR:")) {
      throw StoreDefect(fmt::format("{}: {}", doing, words));
    }
    broken_ = true;
    throw StoreUnavailable(fmt::format("PostgreSQL is lost while {}: {}", doing,
                                       fmt::join(lines_of(error.what()), "; ")));
  }
}

Connection::Connection(const SessionOptions& options) : strict_(options.strict) {
  translated("connecting", [&] {
    session_ = std::make_unique<pqxx::connection>(with_defaults(options.url));
    notices_ = std::make_unique<Notices>(*session_);
    // A session that pqxx opened again in the middle of a transaction would run the rest of it
    // without one.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    session_->inhibit_reactivation(true);
#pragma GCC diagnostic pop
    // Without DETAIL, which holds data values.
    session_->set_verbosity(pqxx::connection_base::terse);
  });
  require_usable_server();
  set_up(options);
}

Connection::~Connection() {
  frame_.reset();
  ear_.reset();
}

void Connection::require_usable_server() {
  const int version = session_->server_version();
  if (version < kServerVersionMin) {
    throw StoreDefect(
        fmt::format("PostgreSQL {}.{} is too old: Segmentflow needs version {} or "
                    "newer",
                    version / 10'000, version % 10'000, kServerVersionMin / 10'000));
  }
  const std::string encoding = run_once("SHOW server_encoding").at(0).at(0).text();
  if (encoding != "UTF8") {
    throw StoreDefect(fmt::format(
        "the database has the encoding {}: make one with CREATE DATABASE … ENCODING 'UTF8'",
        encoding));
  }
}

void Connection::set_up(const SessionOptions& options) {
  run_once("SET bytea_output = hex");
  run_once("SET statement_timeout = " + milliseconds(options.statement_timeout));
  run_once("SET idle_in_transaction_session_timeout = " + milliseconds(options.idle_timeout));
  // Acknowledged is durable, whatever the server's own default is; stronger ones stay.
  const std::string durable = run_once("SHOW synchronous_commit").at(0).at(0).text();
  if (durable != "on" && durable != "remote_apply") run_once("SET synchronous_commit = on");
  if (strict_) return;
  identity_ = run_once(std::string(kIdentity)).at(0).at(0).text();
  for (const char* setting : kPlanner) run_once(setting);
}

Time Connection::begin(Mode mode) {
  mode_ = mode;
  return translated("beginning a transaction", [&] {
    frame_.emplace(*session_);
    const auto now = std::chrono::steady_clock::now();
    if (!strict_ && now - planned_at_ > kPlansKeptFor) {
      frame_->exec("DISCARD PLANS");
      planned_at_ = now;
    }
    std::string begin = mode == Mode::Read ? "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; "
                                           : "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; ";
    const pqxx::result clock = frame_->exec(begin.append(kClock));
    return rows_of(clock).at(0).at(0).integer();
  });
}

void Connection::commit() {
  translated("committing", [&] { frame_->exec("COMMIT"); });
  frame_.reset();
}

void Connection::rollback() noexcept {
  try {
    if (frame_ && !broken_) frame_->exec("ROLLBACK");
  } catch (const std::exception&) {
    broken_ = true;  // the server rolls back by itself when the session ends
  }
  frame_.reset();
}

const Connection::Statement& Connection::statement(std::string_view sql, const SqlInput* input,
                                                   std::size_t params_count) {
  static const std::vector<SqlColumn> kNoColumns;
  const auto& columns = input != nullptr ? input->columns() : kNoColumns;
  const auto found = statements_.find(sql);
  if (found != statements_.end() &&
      std::equal(found->second.columns.begin(), found->second.columns.end(), columns.begin(),
                 columns.end(),
                 [](const auto& mine, const auto& its) { return mine == its.name; })) {
    return found->second;
  }
  Statement made;
  made.name = fmt::format("s{}", ++prepared_);
  for (const SqlColumn& column : columns) made.columns.emplace_back(column.name);
  made.changes_rows = !sql.starts_with("SELECT");
  const std::string lowered = lower_statement(sql, columns, params_count, strict_);
  translated(fmt::format("preparing `{}`", lowered), [&] {
    // Statements are written in the source, so this bound is a guard against generated text only.
    if (statements_.size() >= kStatementsMax) {
      for (const auto& [text, kept] : statements_) session_->unprepare(kept.name);
      statements_.clear();
    }
    session_->prepare(made.name, lowered);
    session_->prepare_now(made.name);
  });
  return statements_[std::string(sql)] = std::move(made);
}

Connection::Answer Connection::run(std::string_view sql, const SqlInput* input,
                                   std::span<const SqlValue> params) {
  const Statement& prepared = statement(sql, input, params.size());
  std::vector<std::optional<std::string>> texts;
  texts.reserve(params.size());
  for (const SqlValue& value : params) texts.push_back(parameter_text(value));
  std::vector<const char*> values;
  for (const auto& text : texts) values.push_back(text ? text->c_str() : nullptr);
  std::vector<pqxx::binarystring> arrays;
  const std::size_t columns = prepared.columns.size();
  for (std::size_t i = 0; i < columns; ++i) arrays.emplace_back(binary_array(*input, i));
  return translated(fmt::format("running `{}`", sql), [&] {
    using pqxx::prepare::make_dynamic_params;
    const pqxx::result result = frame_->exec_prepared(prepared.name, make_dynamic_params(values),
                                                      make_dynamic_params(arrays));
    Answer answer;
    answer.rows = rows_of(result);
    if (prepared.changes_rows) answer.changes = static_cast<std::int64_t>(result.affected_rows());
    return answer;
  });
}

SqlRows Connection::run_once(const std::string& sql) {
  return translated(fmt::format("running `{}`", sql), [&] {
    if (frame_) return rows_of(frame_->exec(sql));
    pqxx::nontransaction frame(*session_);
    return rows_of(frame.exec(sql));
  });
}

Connection::Ear::Ear(pqxx::connection_base& connection)
    : notification_receiver(connection, kChannel) {}

void Connection::Ear::operator()(const std::string&, int backend_pid) {
  if (backend_pid != conn().backendpid()) has_heard = true;
}

void Connection::listen() {
  translated("listening", [&] { ear_ = std::make_unique<Ear>(*session_); });
}

void Connection::notify() {
  run_once(fmt::format("NOTIFY {}", kChannel));
}

bool Connection::hears(std::chrono::milliseconds patience) {
  return translated("listening", [&] {
    ear_->has_heard = false;
    session_->await_notification(0, std::chrono::microseconds(patience).count());
    // A lost connection does not end the wait with an exception.
    if (!session_->is_open()) throw pqxx::broken_connection("the session is closed");
    return ear_->has_heard;
  });
}

}  // namespace segmentflow::postgres
