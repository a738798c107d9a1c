// What becomes of a send after an attempt: a pure function of the outcome and the policy.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/delivery/mail_transport.hpp"
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

  bool is_final() const { return status != SendStatus::Processing; }
};

// `attempts_done` counts this one; `random` spreads retries.
Verdict judge(const MailOutcome& outcome, const EmailSend& send, int attempts_done, Time now,
              std::uint64_t random, const RetryPolicy& policy);

// Whether the attempt came to nothing before the peer heard of this message: the way out is shut,
// which says nothing about the message. Then the destination pauses, and the attempt does not
// count.
bool never_started(const MailOutcome& outcome);

// `text` with every address of `hidden` blotted out: a peer's words may name a hidden recipient.
std::string without_addresses(std::string text, const std::vector<Address>& hidden);

Verdict failed(FailureReason reason, std::string message);
Verdict skipped(SkippedReason reason);

}  // namespace segmentflow
