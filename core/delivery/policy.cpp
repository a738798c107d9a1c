#include "core/delivery/policy.hpp"

#include <fmt/format.h>

namespace segmentflow {
namespace {

Verdict try_again(const MailOutcome& outcome, const EmailSend& send, int attempts_done, Time now,
                  std::uint64_t random, const RetryPolicy& policy, FailureReason when_over) {
  const auto next = next_attempt(attempts_done, schedule_start(send, policy), now, random, policy);
  if (!next || *next > send.deadline_at) {
    return failed(when_over, fmt::format("Given up after {} attempts. The last one: {}",
                                         attempts_done, describe_outcome(outcome)));
  }
  Verdict verdict;
  verdict.due_at = *next;
  return verdict;
}

}  // namespace

// The deadline moves when the clock is set (core/jobs/queue_clock.hpp); when it was accepted stays.
Time schedule_start(const EmailSend& send, const RetryPolicy& policy) {
  return std::max(send.created_at, send.deadline_at - policy.give_up_after_micros);
}

Verdict failed(FailureReason reason, std::string message) {
  Verdict verdict;
  verdict.status = SendStatus::Failed;
  verdict.failure_reason = reason;
  verdict.failure_message = std::move(message);
  return verdict;
}

Verdict skipped(SkippedReason reason) {
  Verdict verdict;
  verdict.status = SendStatus::Skipped;
  verdict.skipped_reason = reason;
  return verdict;
}

Verdict judge(const MailOutcome& outcome, const EmailSend& send, int attempts_done, Time now,
              std::uint64_t random, const RetryPolicy& policy) {
  switch (outcome.result) {
    case MailResult::Accepted: {
      Verdict sent;
      sent.status = SendStatus::Sent;
      return sent;
    }
    case MailResult::Rejected:
      return failed(FailureReason::ProviderRejected, describe_outcome(outcome));
    case MailResult::Unknown:
      if (send.at_most_once) {
        return failed(
            FailureReason::OutcomeUnknown,
            fmt::format("The message was handed over but no answer came ({}). It may or may "
                        "not have arrived; it is not sent again.",
                        describe_outcome(outcome)));
      }
      return try_again(outcome, send, attempts_done, now, random, policy,
                       FailureReason::OutcomeUnknown);
    case MailResult::Deferred:
      return try_again(outcome, send, attempts_done, now, random, policy,
                       FailureReason::ProviderUnavailable);
  }
  return failed(FailureReason::WorkerFailed, "The attempt ended in no known way.");
}

}  // namespace segmentflow
