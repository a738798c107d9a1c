#include "core/jobs/jobs.hpp"

#include <fmt/format.h>

namespace segmentflow {
namespace {

constexpr std::string_view kHeld =
    "jobs.row_id = i.row_id AND jobs.subject_id = i.subject_id "
    "AND jobs.lease_instance = i.lease_instance AND jobs.lease_epoch = i.lease_epoch "
    "AND jobs.due_at = i.claimed_due_at";

std::vector<SqlColumn> held_columns() {
  return {{"row_id", SqlType::Integer},
          {"subject_id", SqlType::Bytes},
          {"lease_instance", SqlType::Bytes},
          {"lease_epoch", SqlType::Integer},
          {"claimed_due_at", SqlType::Integer}};
}

SqlRow held_row(const HeldJob& job) {
  return {job.row_id, job.subject_id, job.lease.instance, job.lease.epoch, job.due_at};
}

SqlInput held_input(std::span<const HeldJob> jobs) {
  SqlInput input(held_columns());
  for (const HeldJob& job : jobs) input.add(held_row(job));
  return input;
}

// Changes to the whole queue go over it in stretches that one statement manages in the time that
// statements have.
constexpr int kStretchRows = 20'000;

// Calls `change(after, last)` for stretches of row ids, up to `last_row_id`.
template <class Change>
void for_each_stretch(Transaction& tx, std::int64_t last_row_id, Change change) {
  std::int64_t after = 0;
  while (true) {
    const auto last = tx.query(
                            "SELECT max(s.row_id) FROM (SELECT row_id FROM jobs WHERE row_id > $1 "
                            "AND row_id <= $2 ORDER BY row_id LIMIT $3) AS s",
                            {after, last_row_id, kStretchRows})
                          .at(0)[0]
                          .optional_integer();
    if (!last) return;
    change(after, *last);
    after = *last;
  }
}

// First the rows, then the update: a sub-select with a limit may be run again for each row that the
// planner drives it from, and would then lease more than the limit.
std::vector<ClaimedJob> lease_rows(Transaction& tx, const Lease& lease, const SqlRows& rows) {
  std::vector<ClaimedJob> claimed;
  SqlInput chosen({{"row_id", SqlType::Integer}});
  for (const auto& row : rows) {
    claimed.push_back(claimed_job(row, lease));
    chosen.add({row[0]});
  }
  tx.query(
      "UPDATE jobs SET lease_instance = $1, lease_epoch = $2 FROM {input} AS i "
      "WHERE jobs.row_id = i.row_id",
      chosen, {lease.instance, lease.epoch});
  return claimed;
}

}  // namespace

std::string_view to_string(JobKind kind) {
  switch (kind) {
    case JobKind::Deliver:
      return "Deliver";
  }
  return "";
}

void add_jobs(Transaction& tx, std::span<const NewJob> jobs) {
  SqlInput input({{"organization_id", SqlType::Bytes},
                  {"kind", SqlType::Text},
                  {"subject_id", SqlType::Bytes},
                  {"due_at", SqlType::Integer},
                  {"deadline_at", SqlType::Integer}});
  for (const NewJob& job : jobs) {
    input.add(
        {job.organization_id, to_string(job.kind), job.subject_id, job.due_at, job.deadline_at});
  }
  tx.query(
      "INSERT INTO jobs (organization_id, kind, subject_id, due_at, deadline_at, attempts, "
      "lease_epoch, created_at) SELECT i.organization_id, i.kind, i.subject_id, i.due_at, "
      "i.deadline_at, 0, 0, $1 FROM {input} AS i",
      input, {tx.now()});
  if (!jobs.empty()) tx.announce_work();
}

// Locked, so that who takes the instance off the list sees what it has claimed. In a copy of the
// database nothing is claimed before it is settled whose queue it is.
bool may_claim(Transaction& tx, const Lease& lease) {
  return !tx.query(
                "SELECT 1 FROM instances WHERE id = $1 AND epoch = $2 AND ($3 = '' OR "
                "$3 = coalesce((SELECT database_identity FROM installation), '')) {lock_shared}",
                {lease.instance, lease.epoch, tx.identity()})
              .empty();
}

ClaimedJob claimed_job(const SqlRow& row, const Lease& lease) {
  const HeldJob job{row[0].integer(), row[2].uuid(), lease, row[3].integer()};
  return {job, row[1].uuid(), static_cast<int>(row[4].integer()), row[5].integer()};
}

std::vector<ClaimedJob> claim_jobs(Transaction& tx, JobKind kind, const Lease& lease, int limit) {
  if (!may_claim(tx, lease)) return {};
  return lease_due(tx, kind, lease, limit);
}

std::vector<ClaimedJob> lease_due(Transaction& tx, JobKind kind, const Lease& lease, int limit) {
  return lease_rows(
      tx, lease,
      tx.query("SELECT row_id, organization_id, subject_id, due_at, attempts, deadline_at "
               "FROM jobs WHERE crashes = 0 AND due_at <= $1 AND lease_instance IS NULL "
               "AND kind = $2 ORDER BY due_at LIMIT $3 {skip_locked}",
               {tx.now(), to_string(kind), limit}));
}

std::vector<ClaimedJob> lease_due_of(Transaction& tx, JobKind kind, const Lease& lease, int limit,
                                     const Uuid& organization) {
  return lease_rows(
      tx, lease,
      tx.query("SELECT row_id, organization_id, subject_id, due_at, attempts, deadline_at "
               "FROM jobs WHERE organization_id = $4 AND crashes = 0 AND due_at <= $1 "
               "AND lease_instance IS NULL AND kind = $2 ORDER BY due_at LIMIT $3 {skip_locked}",
               {tx.now(), to_string(kind), limit, organization}));
}

std::vector<bool> held_jobs(Transaction& tx, std::span<const HeldJob> jobs) {
  static const std::string sql =
      fmt::format("SELECT i.n FROM {{input}} AS i JOIN jobs ON {} {{lock jobs}}", kHeld);
  auto columns = held_columns();
  columns.push_back({"n", SqlType::Integer});
  SqlInput input(std::move(columns));
  for (std::size_t n = 0; n < jobs.size(); ++n) {
    SqlRow row = held_row(jobs[n]);
    row.emplace_back(static_cast<std::int64_t>(n));
    input.add(std::move(row));
  }
  std::vector<bool> held(jobs.size(), false);
  for (const auto& row : tx.query(sql, input))
    held[static_cast<std::size_t>(row[0].integer())] = true;
  return held;
}

void finish_jobs(Transaction& tx, std::span<const HeldJob> jobs) {
  static const std::string sql = fmt::format(
      "DELETE FROM jobs WHERE row_id IN (SELECT jobs.row_id FROM {{input}} AS i JOIN jobs ON {})",
      kHeld);
  tx.query(sql, held_input(jobs));
}

void reschedule_jobs(Transaction& tx, std::span<const RescheduledJob> jobs) {
  static const std::string sql = fmt::format(
      "UPDATE jobs SET due_at = i.due_at, attempts = i.attempts, lease_instance = NULL, "
      "is_alone = 0, crashes = CASE WHEN i.is_cleared = 1 THEN 0 ELSE crashes END, "
      "lone_crashes = CASE WHEN i.is_cleared = 1 THEN 0 ELSE lone_crashes END "
      "FROM {{input}} AS i WHERE {}",
      kHeld);
  auto columns = held_columns();
  columns.push_back({"due_at", SqlType::Integer});
  columns.push_back({"attempts", SqlType::Integer});
  columns.push_back({"is_cleared", SqlType::Integer});
  SqlInput input(std::move(columns));
  for (const auto& rescheduled : jobs) {
    SqlRow row = held_row(rescheduled.job);
    row.emplace_back(rescheduled.due_at);
    row.emplace_back(rescheduled.attempts);
    row.emplace_back(rescheduled.is_cleared);
    input.add(std::move(row));
  }
  tx.query(sql, input);
}

void lock_jobs(Transaction& tx, const Uuid& instance) {
  tx.query("SELECT row_id FROM jobs WHERE lease_instance = $1 ORDER BY row_id {lock jobs}",
           {instance});
}

std::int64_t release_strays(Transaction& tx, const Lease& lease,
                            const std::set<std::int64_t>& known) {
  std::vector<HeldJob> strays;
  for (const auto& row :
       tx.query("SELECT row_id, subject_id, due_at FROM jobs WHERE lease_instance = $1 "
                "AND lease_epoch = $2",
                {lease.instance, lease.epoch})) {
    if (!known.contains(row[0].integer())) {
      strays.push_back({row[0].integer(), row[1].uuid(), lease, row[2].integer()});
    }
  }
  static const std::string sql = fmt::format(
      "UPDATE jobs SET lease_instance = NULL, is_alone = 0 "
      "FROM {{input}} AS i WHERE {}",
      kHeld);
  tx.query(sql, held_input(strays));
  return tx.changes();
}

std::vector<Uuid> take_overdue_jobs(Transaction& tx, JobKind kind, int limit,
                                    const KeptSubjects& kept) {
  const auto rows = tx.query(
      "SELECT row_id, subject_id FROM jobs WHERE deadline_at < $1 AND kind = $2 "
      "ORDER BY deadline_at LIMIT $3 {skip_locked}",
      {tx.now(), to_string(kind), limit});
  std::vector<Uuid> found;
  for (const auto& row : rows) found.push_back(row[1].uuid());
  const auto stay = kept(tx, found);
  std::vector<Uuid> taken;
  SqlInput chosen({{"row_id", SqlType::Integer}});
  for (const auto& row : rows) {
    if (stay.contains(row[1].uuid())) continue;
    chosen.add({row[0]});
    taken.push_back(row[1].uuid());
  }
  tx.query("DELETE FROM jobs WHERE row_id IN (SELECT i.row_id FROM {input} AS i)", chosen);
  return taken;
}

std::int64_t count_overdue_jobs(Transaction& tx, JobKind kind) {
  return tx
      .query("SELECT count(*) FROM jobs WHERE deadline_at < $1 AND kind = $2",
             {tx.now(), to_string(kind)})
      .at(0)[0]
      .integer();
}

void release_jobs(Transaction& tx, const Uuid& instance) {
  // They were due when they were claimed; the clock may have been set back since.
  tx.query(
      "UPDATE jobs SET lease_instance = NULL, is_alone = 0, "
      "due_at = CASE WHEN due_at > $2 THEN $2 ELSE due_at END WHERE lease_instance = $1",
      {instance, tx.now()});
}

std::int64_t last_job(Transaction& tx) {
  return tx.query("SELECT coalesce(max(row_id), 0) FROM jobs").at(0)[0].integer();
}

std::int64_t hold_jobs(Transaction& tx, std::int64_t last_row_id) {
  std::int64_t held = 0;
  for_each_stretch(tx, last_row_id, [&](std::int64_t after, std::int64_t last) {
    tx.query(
        "UPDATE jobs SET due_at = $1, lease_instance = NULL, is_alone = 0 "
        "WHERE due_at < $4 AND row_id > $2 AND row_id <= $3",
        {kHeldDue, after, last, kUnapprovedDue});
    held += tx.changes();
  });
  return held;
}

std::int64_t resume_jobs(Transaction& tx) {
  std::int64_t resumed = 0;
  for_each_stretch(tx, last_job(tx), [&](std::int64_t after, std::int64_t last) {
    tx.query("UPDATE jobs SET due_at = $1 WHERE due_at = $2 AND row_id > $3 AND row_id <= $4",
             {tx.now(), kHeldDue, after, last});
    resumed += tx.changes();
  });
  return resumed;
}

std::int64_t count_held_jobs(Transaction& tx) {
  // In two parts, each of which has its index.
  const auto rows = tx.query(
      "SELECT (SELECT count(*) FROM jobs WHERE crashes = 0 AND due_at = $1), "
      "(SELECT count(*) FROM jobs WHERE crashes > 0 AND due_at = $1)",
      {kHeldDue});
  return rows.at(0)[0].integer() + rows.at(0)[1].integer();
}

std::vector<HeldCount> count_leased_jobs(Transaction& tx) {
  std::vector<HeldCount> counts;
  for (const auto& row : tx.query("SELECT lease_instance, count(*) FROM jobs "
                                  "WHERE lease_instance IS NOT NULL GROUP BY lease_instance")) {
    counts.push_back({row[0].uuid(), row[1].integer()});
  }
  return counts;
}

std::optional<Time> next_due(Transaction& tx, JobKind kind) {
  const auto rows = tx.query(
      "SELECT due_at FROM jobs WHERE crashes = 0 AND lease_instance IS NULL AND kind = $1 "
      "ORDER BY due_at LIMIT 1",
      {to_string(kind)});
  if (rows.empty()) return std::nullopt;
  return rows[0][0].integer();
}

}  // namespace segmentflow
