// Suspects: jobs whose process died before it was known whether they were to blame. They come after
// everything else that is due, one at a time in each process, and are rendered while nothing else
// is. Only who dies then is to blame: a death among others says nothing about any one of them.
#pragma once

#include <optional>
#include <vector>

#include "core/jobs/jobs.hpp"

namespace segmentflow {

struct SuspectPolicy {
  // So many processes must have died while they rendered the job and nothing else; then it ends.
  int lone_crashes_max = 3;
  // Between further crashes with a suspect in hand: this long, then twice as long each time.
  Time wait_first = kMicrosPerSecond;
  Time wait_max = 600 * kMicrosPerSecond;
};

// How an instance left: a process that died leaves suspects, one that ended in good order does not.
enum class Departure { Left, Died };

// What became of the jobs of an instance that is off the list.
struct Reaped {
  std::int64_t suspects = 0;    // that were none before
  std::vector<Uuid> condemned;  // subjects that ended because of crashes
};

// Makes suspects of the jobs that a dead instance holds, and frees them. Gives those that are to
// blame; they stay held, for the caller to end. The jobs were locked (lock_jobs).
struct Suspected {
  std::int64_t fresh = 0;
  std::vector<HeldJob> condemned;
};
Suspected suspect_jobs(Transaction& tx, const Lease& dead, const SuspectPolicy& policy);

// Leases one due suspect, and notes that it is about to be rendered alone. The caller lets nothing
// else render from before this is committed until clear_alone() is.
std::optional<ClaimedJob> claim_suspect(Transaction& tx, JobKind kind, const Lease& lease);

// The job was rendered and the process lives: it was not to blame so far. By position, whether its
// lease still holds; where it does not, a crash that somebody counted meanwhile was none.
std::vector<bool> clear_alone(Transaction& tx, std::span<const HeldJob> jobs);

// The suspects that nobody holds: when the first is due, and whether any has crashed only once, so
// that most likely another was to blame. nullopt when there is none.
struct NextSuspect {
  Time due_at = 0;
  bool is_first_crash = false;
};
std::optional<NextSuspect> next_suspect(Transaction& tx, JobKind kind);

std::int64_t count_suspects(Transaction& tx);

}  // namespace segmentflow
