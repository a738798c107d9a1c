// The one durable queue: everything that happens later is a job. A job is claimed under a lease
// that names the instance and its epoch; whatever a claimer writes afterwards is fenced by both and
// by the due time that it claimed, so that what comes too late, or a second time, changes nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <set>
#include <span>
#include <string_view>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/id.hpp"
#include "core/store/database.hpp"

namespace segmentflow {

enum class JobKind { Deliver };
std::string_view to_string(JobKind kind);

struct NewJob {
  Uuid organization_id;
  JobKind kind;
  Uuid subject_id;  // what the job is about, e.g. the EmailSend
  Time due_at;
  Time deadline_at;  // after it the job is not worth doing: take_overdue_jobs()
};

// Who holds a job: a process (instance) in one of its lives (epoch).
struct Lease {
  Uuid instance;
  std::int64_t epoch = 0;
};

// A job as its claimer knows it. The subject is part of it, because row ids come again; and so is
// the due time, because who gives a job back may claim it again under the same lease, and what was
// written about the first claim must not count for the second.
struct HeldJob {
  std::int64_t row_id = 0;
  Uuid subject_id;
  Lease lease;
  Time due_at = 0;
};

struct ClaimedJob {
  HeldJob job;
  Uuid organization_id;
  int attempts = 0;  // finished ones
  Time deadline_at = 0;
};

struct RescheduledJob {
  HeldJob job;
  Time due_at = 0;  // another than before
  int attempts = 0;
  // An attempt was made to its end and the process lives: it is no suspect any more.
  bool is_cleared = false;
};

void add_jobs(Transaction& tx, std::span<const NewJob> jobs);

// Leases up to `limit` due jobs, the longest due first, suspects (core/jobs/suspects.hpp) not among
// them. None for a lease whose instance is not on the list (declared gone, and not back yet):
// nobody would free them if it died.
std::vector<ClaimedJob> claim_jobs(Transaction& tx, JobKind kind, const Lease& lease, int limit);

// The parts of claims. Whether the lease's instance is on the list and the queue this database's
// own; stays so until the transaction ends.
bool may_claim(Transaction& tx, const Lease& lease);
// claim_jobs() by who has asked may_claim(), and the same of one organisation.
std::vector<ClaimedJob> lease_due(Transaction& tx, JobKind kind, const Lease& lease, int limit);
std::vector<ClaimedJob> lease_due_of(Transaction& tx, JobKind kind, const Lease& lease, int limit,
                                     const Uuid& organization);
// A row of row_id, organization_id, subject_id, due_at, attempts, deadline_at.
ClaimedJob claimed_job(const SqlRow& row, const Lease& lease);

// Which of the jobs their leases still hold, by position. A write about another must not happen.
// They stay held until the transaction ends.
std::vector<bool> held_jobs(Transaction& tx, std::span<const HeldJob> jobs);

// Ends jobs, or gives them back with a new due time; those no longer held stay as they are.
void finish_jobs(Transaction& tx, std::span<const HeldJob> jobs);
void reschedule_jobs(Transaction& tx, std::span<const RescheduledJob> jobs);

// Waits for writes about what the instance holds, and keeps others out until the transaction ends:
// what is read about it afterwards stays true.
void lock_jobs(Transaction& tx, const Uuid& instance);

// Gives back what the lease holds beside the `known` jobs: the claim that took them was made
// durable, but its answer was lost with the connection. Their number.
std::int64_t release_strays(Transaction& tx, const Lease& lease,
                            const std::set<std::int64_t>& known);

// Takes up to `limit` jobs that are past their deadline off the queue, the longest overdue first,
// whoever holds them: what the holder writes about them afterwards changes nothing. Those of the
// `kept` subjects stay; it is asked when nobody can write about the jobs any more. Their subjects.
using KeptSubjects = std::function<std::set<Uuid>(Transaction&, const std::vector<Uuid>&)>;
std::vector<Uuid> take_overdue_jobs(Transaction& tx, JobKind kind, int limit,
                                    const KeptSubjects& kept);

// Jobs past their deadline, those that somebody holds among them.
std::int64_t count_overdue_jobs(Transaction& tx, JobKind kind);

// Gives back everything the instance holds; the jobs are due as before.
void release_jobs(Transaction& tx, const Uuid& instance);

// A job with this due time waits for an operator, not for the clock.
inline constexpr Time kHeldDue = std::numeric_limits<Time>::max();
// One with this waits for an approval (core/delivery/approvals.hpp).
inline constexpr Time kUnapprovedDue = kHeldDue - 1;

// The row id of the newest job; 0 without one.
std::int64_t last_job(Transaction& tx);

// Jobs up to this row id wait for resume_jobs(), whoever holds them: in a restored copy nobody
// knows what the original has sent since. Their number.
std::int64_t hold_jobs(Transaction& tx, std::int64_t last_row_id);
// Makes the held jobs due now. Their number.
std::int64_t resume_jobs(Transaction& tx);
std::int64_t count_held_jobs(Transaction& tx);

struct HeldCount {
  Uuid instance;
  std::int64_t jobs = 0;
};
std::vector<HeldCount> count_leased_jobs(Transaction& tx);

// When the next job of the kind that nobody holds and that is no suspect is due; nullopt when there
// is none.
std::optional<Time> next_due(Transaction& tx, JobKind kind);

}  // namespace segmentflow
