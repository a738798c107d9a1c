#include "core/move/move.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include "core/base/secret.hpp"
#include "core/delivery/delivery_records.hpp"
#include "core/jobs/instances.hpp"
#include "core/move/batches.hpp"
#include "core/move/unfit.hpp"
#include "core/store/tables.hpp"

namespace segmentflow {
namespace {

constexpr std::size_t kTokenBytes = 16;
constexpr std::size_t kUnfitShown = 10;

// The installation's row arrives last, the others belong to the database and not to what is in it.
constexpr std::array<std::string_view, 4> kNotCopied = {"schema_migrations", "instances",
                                                        "arriving_moves", "installation"};

Error conflict(std::string message) {
  return {ErrorCode::Conflict, std::move(message)};
}

std::vector<Table> copied_tables(Database& source) {
  std::vector<Table> tables;
  read_or_throw(source, [&](Transaction& tx) { tables = source.tables(tx); });
  std::erase_if(tables, [](const Table& table) {
    return std::find(kNotCopied.begin(), kNotCopied.end(), table.name) != kNotCopied.end();
  });
  return tables;
}

// What the source carries from the first step on.
struct Mark {
  std::string token;
  std::string moved_to;  // "" until it is retired
};

// Step one, in the source: nobody uses it, nothing is leased, and it carries the move's token.
Result<Mark> mark_source(Database& source, Entropy& entropy, const MoveOptions& options) {
  Result<Mark> mark = Mark{};
  source.write([&](Transaction& tx) {
    for (const auto& instance : list_instances(tx)) {
      if (!source.instance_is_gone(instance.lease.instance)) {
        mark = tl::unexpected(conflict(fmt::format(
            "{} (process {} on {}) still uses the source. Stop it, then run this again.",
            to_string(instance.role), instance.process_id, instance.host)));
        return;
      }
      unregister_instance(tx, instance.lease.instance);
      reap_deliveries(tx, instance.lease, options.retry, entropy, Departure::Died);
    }
    const auto rows = tx.query("SELECT move_token, moved_to FROM installation");
    if (rows.empty()) {
      mark = fail(ErrorCode::NotFound, "The source holds no installation.");
    } else if (!rows[0][0].is_null()) {
      mark = Mark{rows[0][0].bytes(), rows[0][1].optional_text().value_or("")};
    } else {
      mark = Mark{random_bytes(entropy, kTokenBytes), ""};
      tx.query("UPDATE installation SET move_token = $1", {Bytes{mark->token}});
    }
  });
  return mark;
}

// Before the first step: everything in the source can be kept in the target.
Result<void> check_values(Database& source, const std::vector<Table>& tables) {
  const auto unfit = find_unfit(source, tables, kUnfitShown + 1);
  if (unfit.empty()) return {};
  const std::size_t shown = std::min(unfit.size(), kUnfitShown);
  return tl::unexpected(conflict(fmt::format(
      "Nothing was moved, because PostgreSQL cannot keep this:\n  {}{}\nCorrect these values in "
      "the SQLite database, then run this again.",
      fmt::join(unfit.begin(), unfit.begin() + static_cast<std::ptrdiff_t>(shown), "\n  "),
      unfit.size() > shown ? "\n  and more" : "")));
}

// Step two, in the target: it is empty, or holds the beginning of this very move.
Result<void> mark_target(Database& target, const std::vector<Table>& tables, const Mark& mark) {
  Result<void> result;
  target.write([&](Transaction& tx) {
    result = {};
    const auto moves = tx.query("SELECT token FROM arriving_moves");
    if (moves.size() == 1 && moves[0][0].bytes() == mark.token) return;
    if (!mark.moved_to.empty()) {
      result = tl::unexpected(
          conflict(fmt::format("The source was moved to {} already, and is retired, so that its "
                               "queue is not sent twice.",
                               mark.moved_to)));
      return;
    }
    bool is_empty = moves.empty() && tx.query("SELECT 1 FROM installation").empty();
    for (const Table& table : tables) {
      is_empty = is_empty && tx.query(fmt::format("SELECT 1 FROM {} LIMIT 1", table.name)).empty();
    }
    if (!is_empty) {
      result = tl::unexpected(
          conflict("The target is not empty, and what it holds is not the beginning of this move. "
                   "Give an empty database."));
      return;
    }
    tx.query("INSERT INTO arriving_moves (token, started_at) VALUES ($1, $2)",
             {Bytes{mark.token}, tx.now()});
  });
  return result;
}

std::int64_t last_row_id(Database& target, const Table& table) {
  std::int64_t last = 0;
  read_or_throw(target, [&](Transaction& tx) {
    last = tx.query(fmt::format("SELECT coalesce(max(row_id), 0) FROM {}", table.name))
               .at(0)
               .at(0)
               .integer();
  });
  return last;
}

// False once another run of this move has finished it: what came now would come a second time.
bool is_arriving(Transaction& tx, const std::string& token) {
  return !tx.query("SELECT 1 FROM arriving_moves WHERE token = $1 {lock_shared}", {Bytes{token}})
              .empty();
}

// All of the rows, or none. A row that the target refuses is named.
Result<void> insert_rows(Database& target, const Table& table, const std::string& insert,
                         std::span<const SqlRow> rows, const std::string& token) {
  bool arriving = false;
  try {
    target.write([&](Transaction& tx) {
      arriving = is_arriving(tx, token);
      if (!arriving) return;
      SqlInput input(table.columns());
      for (const SqlRow& row : rows) input.add(row);
      tx.query(insert, input);
    });
  } catch (const StoreConstraint& refused) {
    if (rows.size() == 1) {
      return tl::unexpected(
          conflict(fmt::format("A record cannot be kept in the target: {}. {}. Correct it in the "
                               "source and run this again; it goes on from there.",
                               name_of_row(table, rows[0]), refused.what())));
    }
    const auto half = rows.size() / 2;
    auto first = insert_rows(target, table, insert, rows.first(half), token);
    return first ? insert_rows(target, table, insert, rows.subspan(half), token) : first;
  }
  if (arriving) return {};
  return tl::unexpected(conflict("Another run of segmentflow migrate finished."));
}

// Step three: the rows, in the order of their ids, so that the last one there says where to go on.
Result<void> copy_table(Database& source, Database& target, const Table& table,
                        const std::string& token, const MoveOptions& options) {
  std::vector<std::string> selected;
  for (const auto& name : table.column_names()) selected.push_back("i." + std::string(name));
  const std::string insert =
      fmt::format("INSERT INTO {} ({}) SELECT {} FROM {{input}} AS i", table.name,
                  fmt::join(table.column_names(), ", "), fmt::join(selected, ", "));
  Batches batches(source, table, last_row_id(target, table));
  std::int64_t copied = 0;
  while (true) {
    const SqlRows rows = batches.next();
    if (rows.empty()) return {};
    const auto arrived = insert_rows(target, table, insert, rows, token);
    if (!arrived) return arrived;
    copied += static_cast<std::int64_t>(rows.size());
    options.progress(table.name, copied);
  }
}

// Step four, in the source: from here on it is not used again.
Result<void> retire_source(Database& source, const std::string& token, const MoveOptions& options) {
  bool retired = false;
  source.write([&](Transaction& tx) {
    // Who joined the list has taken the token, or will find the source retired.
    if (!list_instances(tx).empty()) return;
    tx.query("UPDATE installation SET moved_to = $1, updated_at = $2 WHERE move_token = $3",
             {options.target_name, tx.now(), Bytes{token}});
    retired = tx.changes() == 1;
  });
  if (retired) return {};
  return tl::unexpected(
      conflict("The source was used while it was copied, so the copy is not complete. Stop what "
               "uses it, empty the target and run this again."));
}

// Step five, in the target: it becomes the installation, unless another run has made it so.
void finish_target(Database& source, Database& target, const std::vector<Table>& tables,
                   const std::string& token) {
  SqlRows installation;
  read_or_throw(source, [&](Transaction& tx) {
    installation = tx.query("SELECT secret_check, delivery_sealed, created_at FROM installation");
  });
  target.write([&](Transaction& tx) {
    tx.query("DELETE FROM arriving_moves WHERE token = $1", {Bytes{token}});
    if (tx.changes() == 0) return;
    const SqlRow& row = installation.at(0);
    tx.query(
        "INSERT INTO installation (singleton, secret_check, delivery_sealed, created_at, "
        "updated_at) VALUES (1, $1, $2, $3, $4)",
        {row[0], row[1], row[2], tx.now()});
    target.row_ids_were_given(tx, tables);
  });
}

// A run that was interrupted after its last step has nothing left to do: the source is retired in
// favour of this target, and the target is the same installation, no longer arriving.
bool has_moved(Database& source, Database& target, const MoveOptions& options) {
  SqlRows from;
  SqlRows to;
  read_or_throw(source, [&](Transaction& tx) {
    from = tx.query("SELECT secret_check FROM installation WHERE moved_to = $1",
                    {options.target_name});
  });
  read_or_throw(target, [&](Transaction& tx) {
    to = tx.query(
        "SELECT secret_check FROM installation WHERE NOT EXISTS (SELECT 1 FROM arriving_moves)");
  });
  return !from.empty() && !to.empty() && from[0][0].bytes() == to[0][0].bytes();
}

}  // namespace

Result<void> move_installation(Database& source, Database& target, Entropy& entropy,
                               const MoveOptions& options) {
  try {
    if (has_moved(source, target, options)) return {};
    const auto tables = copied_tables(source);
    if (auto checked = check_values(source, tables); !checked) return checked;
    const auto mark = mark_source(source, entropy, options);
    if (!mark) return tl::unexpected(mark.error());
    if (auto marked = mark_target(target, tables, *mark); !marked) return marked;
    for (const Table& table : tables) {
      const auto copied = copy_table(source, target, table, mark->token, options);
      if (!copied) return copied;
    }
    if (auto retired = retire_source(source, mark->token, options); !retired) return retired;
    finish_target(source, target, tables, mark->token);
    return {};
  } catch (const StoreUnavailable& failure) {
    return fail(ErrorCode::NotReady,
                fmt::format("The move was interrupted: {}. Run it again; it goes on from there.",
                            failure.what()));
  }
}

}  // namespace segmentflow
