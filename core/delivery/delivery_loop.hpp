// The worker that delivers: claims due sends, composes them, hands them to the transport, records
// what became of them. One thread claims and composes; the transport's threads report back.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "core/delivery/composer.hpp"
#include "core/delivery/delivery_records.hpp"
#include "core/jobs/membership.hpp"

namespace segmentflow {

struct DeliverySettings {
  int in_flight_max = 128;  // claimed and not finished
  // Looks for work that other processes accepted: soon after there was some, then twice as long
  // each time, up to the maximum.
  Time poll_first = kMicrosPerSecond / 20;
  Time poll_max = kMicrosPerSecond;
  RetryPolicy retry;
  // Where the way out is shut, claims wait: this long first, twice as long each time, up to the
  // maximum.
  Time pause_first = kMicrosPerSecond;
  Time pause_max = 60 * kMicrosPerSecond;
};

struct DeliveryCounters {
  std::atomic<std::uint64_t> sent{0};
  std::atomic<std::uint64_t> failed{0};
  std::atomic<std::uint64_t> skipped{0};
  std::atomic<std::uint64_t> deferred{0};
  std::atomic<std::uint64_t> unknown{0};
  std::atomic<std::uint64_t> late{0};  // outcomes of leases that were lost: nothing was changed
};

// Thread-safe.
class DeliveryLoop {
 public:
  // `may_deliver` is asked before each claim: whether it is this process's turn.
  DeliveryLoop(Database& database, Committer& committer, Membership& membership, Composer& composer,
               MailTransport& transport, IdSource& ids, Entropy& entropy, const Clock& clock,
               DeliverySettings settings, std::function<bool()> may_deliver);
  ~DeliveryLoop();

  void start();
  // Something may be due: called after commits.
  void wake();
  // No more claims; lets the transport finish what is past DATA within `patience`. Outcomes that
  // the committer refuses for some seconds more are dropped: leaving the membership classifies
  // them.
  void stop(std::chrono::milliseconds patience);

  const DeliveryCounters& counters() const { return counters_; }
  int in_flight() const;

 private:
  // When the next delivery nobody holds is due, by the database's clock.
  struct Due {
    std::optional<Time> at;
    Time now = 0;
  };

  void run();
  bool is_stopping() const;
  Due next_delivery();
  bool claim_or_log();
  bool claim_and_start();
  bool may_claim() const;
  Time database_now() const;
  void note_claimed(const ClaimAnswer& claimed);
  void release_strays_now_and_then();
  void wait_for_work();
  void start_delivery(Delivery delivery);
  Result<OutgoingMail> compose(const Delivery& delivery);
  void finish(const AttemptRef& ref, const EmailSend& send, MailOutcome outcome);
  void give_back(const AttemptRef& ref, const MailOutcome& outcome);
  void note_success();
  int room();
  void give_up(const AttemptRef& ref, const Error& error);
  void record(OutcomeCommand command);
  void recorded(const OutcomeCommand& command, bool held);
  void keep_refused(const OutcomeCommand& command, const Error& error);
  void submit_refused();
  void drain();
  void count(const OutcomeCommand& command, bool held);

  Database& database_;
  Committer& committer_;
  Membership& membership_;
  Composer& composer_;
  MailTransport& transport_;
  Entropy& entropy_;
  const Clock& clock_;
  const DeliverySettings settings_;
  const std::function<bool()> may_deliver_;

  ClaimDeliveries claim_;
  MarkDots mark_dots_;
  RecordOutcomes record_outcomes_;
  DeliveryCounters counters_;
  std::atomic<Time> database_ahead_{0};  // its clock before ours

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool work_hint_ = false;
  bool stopping_ = false;
  Time pause_ = 0;  // 0: the way out is open
  Time paused_until_ = 0;
  // Row ids of the jobs that were claimed and not recorded; one twice while the outcome of an
  // earlier job under it is on its way here.
  std::multiset<std::int64_t> in_flight_;
  Time poll_ = 0;  // until the next look for work
  // When to look for jobs of a claim whose answer was lost with the connection: nobody delivers
  // them.
  Time doubt_until_ = 0;
  Time look_for_strays_at_ = 0;
  // Outcomes that the committer refused, to be submitted again: an unrecorded one leaves its job
  // leased. Each keeps its place in flight, so there are at most in_flight_max.
  std::vector<OutcomeCommand> refused_;
  bool refusing_ = false;  // since the last outcome on record; keeps the log short
  std::thread thread_;
};

}  // namespace segmentflow
