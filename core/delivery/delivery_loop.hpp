// What delivers: claims due sends, has them composed, hands them to the transport, records what
// became of them. One thread claims, workers compose; the transport's threads report back.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <vector>

#include "core/delivery/composer.hpp"
#include "core/delivery/delivery_records.hpp"
#include "core/delivery/relay_state.hpp"
#include "core/delivery/relay_words.hpp"
#include "core/jobs/membership.hpp"

namespace segmentflow {

struct DeliverySettings {
  // Claimed and not finished. While they are all taken, organisations with less than a quarter of
  // them get up to a quarter more.
  int in_flight_max = 128;
  int compose_threads = 2;
  // Suspects (core/jobs/suspects.hpp) come when nothing else is due; those that have crashed more
  // than once also wait until nothing is in flight, so that they take nothing along when they end
  // the process. But after this long one goes all the same.
  Time suspect_wait_max = 5 * kMicrosPerSecond;
  // Looks for work that other processes accepted: soon after there was some, then twice as long
  // each time, up to the maximum.
  Time poll_first = kMicrosPerSecond / 20;
  Time poll_max = kMicrosPerSecond;
  RetryPolicy retry;
  // Where the relay cannot be reached or refuses the session, claims wait: this long first, twice
  // as long each time, up to the maximum.
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
  // Copies, after the relay had refused them once.
  std::atomic<std::uint64_t> copies_sent{0};
  std::atomic<std::uint64_t> copies_failed{0};
  std::atomic<std::uint64_t> copies_deferred{0};
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
  const RelayState& relay() const { return relay_; }
  int in_flight() const;

 private:
  // When the next delivery nobody holds is due, by the database's clock.
  struct Due {
    std::optional<Time> at;
    std::optional<NextSuspect> suspect;
    Time now = 0;
    bool is_due() const { return at && *at <= now; }
    bool is_suspect_due() const { return suspect && suspect->due_at <= now; }
  };

  void run();
  bool is_stopping() const;
  bool may_claim() const;
  Time database_now() const;

  // Claiming (delivery_claiming.cpp).
  Due next_delivery();
  void follow_clock();
  bool claim_or_log();
  bool claim_and_start();
  std::optional<ClaimAnswer> claim(ClaimCommand command);
  bool start_all(std::optional<ClaimAnswer> claimed);
  bool claim_for_others();
  bool is_time_to_look_beside();
  bool is_suspects_turn(const Due& next);
  bool deliver_suspect();
  bool is_cleared(const Delivery& delivery);
  void note_claimed(const ClaimAnswer& claimed);
  void release_strays_now_and_then();
  void wait_for_work();
  int room();

  // Composing, on the workers' threads; suspects on the loop's.
  void start_delivery(Delivery delivery);
  void compose_and_send(const Delivery& delivery);
  void hand_over(const Delivery& delivery, Result<OutgoingMail> mail);
  Result<OutgoingMail> compose(const Delivery& delivery);
  AttemptRef attempt_of(const Delivery& delivery) const;
  bool hold_back(const Delivery& delivery);

  // What an outcome is judged by, when it comes.
  struct Attempt {
    AttemptRef ref;
    EmailSend send;
    std::vector<OwedCopy> owed;
    RelayWords words;
  };
  static Attempt about(const AttemptRef& ref, const Delivery& delivery);
  void finish(const Attempt& attempt, MailOutcome outcome);
  OutcomeCommand judged(const Attempt& attempt, MailOutcome outcome);
  void give_back(const Attempt& attempt, MailOutcome outcome);
  Verdict as_before(const AttemptRef& ref) const;
  void put_back(const AttemptRef& ref);
  void give_up(const Delivery& delivery, const Error& error);
  void record(OutcomeCommand command);
  void recorded(const OutcomeCommand& command, bool held);
  void forget(const AttemptRef& ref);
  void keep_refused(const OutcomeCommand& command, const Error& error);
  void submit_refused();
  void drain();
  void count(const OutcomeCommand& command, bool held);
  void count_copies(const std::vector<CopyVerdict>& copies);

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
  ClearAlone clear_alone_;
  DeliveryCounters counters_;
  RelayState relay_;
  std::atomic<Time> database_ahead_{0};  // its clock before ours

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool work_hint_ = false;
  bool stopping_ = false;
  // Row ids of the jobs that were claimed and not recorded; one twice while the outcome of an
  // earlier job under it is on its way here.
  std::multiset<std::int64_t> in_flight_;
  std::map<Uuid, int> in_flight_of_;  // organisations
  std::atomic<int> composing_{0};     // of those: not handed to the transport yet
  // The loop's thread alone:
  Turns turns_;
  Time last_turn_at_ = 0;
  Time look_beside_at_ = 0;                 // while all places are taken
  std::optional<Time> suspects_wait_from_;  // while other mail goes before them
  Time poll_ = 0;                           // until the next look for work
  // When to look for jobs of a claim whose answer was lost with the connection: nobody delivers
  // them.
  Time doubt_until_ = 0;
  Time look_for_strays_at_ = 0;
  // Outcomes that the committer refused, to be submitted again: an unrecorded one leaves its job
  // leased. Each keeps its place in flight, so there are at most in_flight_max.
  std::vector<OutcomeCommand> refused_;
  bool refusing_ = false;  // since the last outcome on record; keeps the log short
  RenderWorkers workers_;
  std::thread thread_;
};

}  // namespace segmentflow
