// What becomes of a send after an attempt: a pure function of the outcome and the policy.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/delivery/outcome.hpp"
#include "core/delivery/retry.hpp"
#include "core/emails/email_send.hpp"

namespace segmentflow {

struct Verdict {
  SendStatus status = SendStatus::Processing;  // Processing: tried again at `due_at`
  std::optional<SkippedReason> skipped_reason;
  std::optional<FailureReason> failure_reason;
  std::string failure_message;
  Time due_at = 0;
  bool counts = true;  // whether the attempt counts towards the retry schedule
  // When it is tried again, where that is later than `due_at`: the relay keeps all mail waiting.
  std::optional<Time> expected_at;

  bool is_final() const { return status != SendStatus::Processing; }
};

// When the schedule of an email begins: when it was accepted, by the clock of today.
Time schedule_start(const EmailSend& send, const RetryPolicy& policy);

// `attempts_done` counts this one; `random` spreads retries.
Verdict judge(const MailOutcome& outcome, const EmailSend& send, int attempts_done, Time now,
              std::uint64_t random, const RetryPolicy& policy);

Verdict failed(FailureReason reason, std::string message);
Verdict skipped(SkippedReason reason);

}  // namespace segmentflow
