// What delivery writes: claims, the mark before the dot, outcomes; each a list write of its own,
// each fenced by the claim. No transaction is open across network I/O.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/base/secret.hpp"
#include "core/delivery/copies.hpp"
#include "core/jobs/jobs.hpp"
#include "core/jobs/suspects.hpp"
#include "core/jobs/turns.hpp"
#include "core/store/committer.hpp"

namespace segmentflow {

// A claimed send with everything that rendering reads.
struct Delivery {
  HeldJob job;
  int attempt = 0;  // 1 for the first
  EmailSend send;
  std::string data_json;
  std::string profile_json;
  std::optional<std::string> brand_json;
  // What is kept of data and profile values afterwards; absent where nothing is sensitive.
  std::optional<std::string> kept_data_json;
  std::optional<std::string> kept_profile_json;
  // The primary recipient has its mail: the copies that this attempt is for.
  std::vector<OwedCopy> owed;
};

enum class ClaimOf {
  Due,     // organisations in turn, no suspects
  Others,  // the same, without those of the `busy` organisations
  Suspect  // one, to be rendered alone (claim_suspect)
};

struct ClaimCommand {
  Lease lease;
  int limit = 0;
  ClaimOf of = ClaimOf::Due;
  Turns turns = {};
  std::set<Uuid> busy = {};
};
struct ClaimAnswer {
  std::vector<Delivery> deliveries;
  int ended = 0;  // sends that were skipped or failed by the checks of this attempt
  Turns turns;    // for the next claim
};

// Leases due sends. Suppression, erasure, subscription, sender and deadline are checked again: what
// does not pass becomes final here. A send's Message gets its id with its first claim.
class ClaimDeliveries final : public ListWrite<ClaimCommand, ClaimAnswer> {
 public:
  explicit ClaimDeliveries(IdSource& ids) : ids_(ids) {}
  std::vector<Result<ClaimAnswer>> apply(Transaction& tx,
                                         std::span<const ClaimCommand> commands) override;

 private:
  IdSource& ids_;
};

// Names an attempt.
struct AttemptRef {
  HeldJob job;  // its subject is the send
  Uuid organization_id;
  int attempt = 0;
  Time started_at = 0;
};

// "About to write the dot", durable before it is written, so that a crash is classified too. The
// answer is false when the claim was lost: then the dot must not be written.
class MarkDots final : public ListWrite<AttemptRef, bool> {
 public:
  std::vector<Result<bool>> apply(Transaction& tx, std::span<const AttemptRef> commands) override;
};

struct OutcomeCommand {
  AttemptRef ref;
  std::optional<MailOutcome> outcome;  // nullopt: no attempt was made (rendering failed)
  Verdict verdict;
  // With a final verdict: those that were refused beside the primary recipient. Else the attempt
  // was for them alone, and they say what follows.
  std::vector<CopyVerdict> copies = {};
};

// Records attempt, verdict and copies. What the message is rendered from is kept while a copy is
// owed. The answer is false when the claim was lost: nothing was changed.
class RecordOutcomes final : public ListWrite<OutcomeCommand, bool> {
 public:
  std::vector<Result<bool>> apply(Transaction& tx,
                                  std::span<const OutcomeCommand> commands) override;
};

// A suspect was composed and this process lives (clear_alone). The answer is false when the claim
// was lost: then it must not be handed over.
class ClearAlone final : public ListWrite<HeldJob, bool> {
 public:
  std::vector<Result<bool>> apply(Transaction& tx, std::span<const HeldJob> commands) override;
};

// Frees what a gone instance held. Attempts it had marked and not finished are Unknown; they are
// tried again by the policy, or final where it is at most once. So are the copies they were for.
// Where its process died, the others become suspects, and those to blame are Failed, RenderCrashed.
Reaped reap_deliveries(Transaction& tx, const Lease& gone, const RetryPolicy& policy,
                       Entropy& entropy, Departure departure = Departure::Left,
                       const SuspectPolicy& suspects = {});

// How many sends count_stranded_sends() reads, which no index helps.
inline constexpr std::int64_t kStrandedScan = 1'000'000;

// Ends up to `limit` sends that are past their deadline, also those that a process holds and whose
// dot is not marked: as Failed, or as Skipped where they still waited for an approval.
void end_overdue_sends(Transaction& tx, int limit);

// Ends the sends that wait for this approval: Skipped, AdmissionDenied. Their number.
std::int64_t deny_unapproved_sends(Transaction& tx, const Uuid& approval_id);

// Sends that are not final and have no job, so that nothing will become of them: a defect, 0 in a
// sound database. Looks at the newest kStrandedScan sends.
std::int64_t count_stranded_sends(Transaction& tx);

// Attempts on record with an unknown outcome.
std::int64_t count_unknown_attempts(Transaction& tx);

}  // namespace segmentflow
