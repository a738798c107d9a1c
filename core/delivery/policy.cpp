#include "core/delivery/policy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace segmentflow {
namespace {

std::string describe_outcome(const MailOutcome& outcome) {
  if (outcome.reply.code == 0) return outcome.detail;
  return fmt::format("{} answered {} {}", outcome.peer, outcome.reply.code, outcome.reply.text);
}

Verdict try_again(const MailOutcome& outcome, const EmailSend& send, int attempts_done, Time now,
                  std::uint64_t random, const RetryPolicy& policy, FailureReason when_over) {
  // The deadline moves when the clock is set (core/jobs/queue_clock.hpp); when it was accepted
  // stays.
  const Time accepted_at =
      std::max(send.created_at, send.deadline_at - policy.give_up_after_micros);
  const auto next = next_attempt(attempts_done, accepted_at, now, random, policy);
  if (!next || *next > send.deadline_at) {
    return failed(when_over, fmt::format("Given up after {} attempts. The last one: {}",
                                         attempts_done, describe_outcome(outcome)));
  }
  Verdict verdict;
  verdict.due_at = *next;
  return verdict;
}

}  // namespace

bool never_started(const MailOutcome& outcome) {
  return outcome.result == MailResult::Deferred && outcome.phase == MailPhase::NotStarted;
}

std::string without_addresses(std::string text, const std::vector<Address>& hidden) {
  const auto same_letter = [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) ==
           std::tolower(static_cast<unsigned char>(b));
  };
  constexpr std::string_view kBlot = "(hidden recipient)";
  for (const Address& address : hidden) {
    auto from = text.begin();
    while (true) {
      const auto at =
          std::search(from, text.end(), address.email.begin(), address.email.end(), same_letter);
      if (at == text.end()) break;
      const auto offset = at - text.begin();
      text.replace(static_cast<std::size_t>(offset), address.email.size(), kBlot);
      from = text.begin() + offset + static_cast<std::ptrdiff_t>(kBlot.size());
    }
  }
  return text;
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
