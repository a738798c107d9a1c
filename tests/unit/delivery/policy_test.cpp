#include "core/delivery/policy.hpp"

#include <catch2/catch.hpp>

using namespace segmentflow;

namespace {

constexpr Time kNow = 1'780'000'000 * kMicrosPerSecond;

EmailSend a_send(bool at_most_once, Time deadline_in = kMicrosPerDay) {
  EmailSend send;
  send.at_most_once = at_most_once;
  send.created_at = kNow;
  send.deadline_at = kNow + deadline_in;
  return send;
}

MailOutcome outcome_of(MailResult result, int code = 0) {
  MailOutcome outcome;
  outcome.result = result;
  outcome.reply = {code, "", "the peer's words"};
  outcome.peer = "relay:25";
  outcome.detail = "connection lost";
  return outcome;
}

}  // namespace

TEST_CASE("policy: what becomes of a send") {
  using enum MailResult;
  struct Row {
    const char* about;
    MailResult result;
    bool at_most_once;
    Time deadline_in;
    SendStatus status;
    std::optional<FailureReason> reason;
  };
  constexpr Time kLong = kMicrosPerDay;
  constexpr Time kShort = kMicrosPerSecond;
  const std::vector<Row> rows = {
      {"accepted", Accepted, false, kLong, SendStatus::Sent, {}},
      {"accepted at the deadline", Accepted, true, kShort, SendStatus::Sent, {}},
      {"rejected", Rejected, false, kLong, SendStatus::Failed, FailureReason::ProviderRejected},
      {"deferred", Deferred, false, kLong, SendStatus::Processing, {}},
      {"deferred, at most once", Deferred, true, kLong, SendStatus::Processing, {}},
      {"deferred too late", Deferred, false, kShort, SendStatus::Failed,
       FailureReason::ProviderUnavailable},
      {"unknown", Unknown, false, kLong, SendStatus::Processing, {}},
      {"unknown, at most once", Unknown, true, kLong, SendStatus::Failed,
       FailureReason::OutcomeUnknown},
      {"unknown too late", Unknown, false, kShort, SendStatus::Failed,
       FailureReason::OutcomeUnknown},
  };
  for (const Row& row : rows) {
    INFO(row.about);
    const EmailSend send = a_send(row.at_most_once, row.deadline_in);
    const Verdict verdict = judge(outcome_of(row.result), send, 1, kNow, 0, RetryPolicy{});
    CHECK(verdict.status == row.status);
    CHECK(verdict.failure_reason == row.reason);
    CHECK_FALSE(verdict.skipped_reason);
    CHECK(verdict.is_final() == (row.status != SendStatus::Processing));
    CHECK(verdict.failure_message.empty() == !row.reason);
    if (!verdict.is_final()) {
      CHECK(verdict.due_at > kNow);
      CHECK(verdict.due_at <= send.deadline_at);
    }
  }
}

TEST_CASE("policy: a failure says what the peer said, or what went wrong") {
  const EmailSend send = a_send(false);
  CHECK(judge(outcome_of(MailResult::Rejected, 550), send, 1, kNow, 0, {}).failure_message ==
        "relay:25 answered 550 the peer's words");
  CHECK(judge(outcome_of(MailResult::Rejected), send, 1, kNow, 0, {}).failure_message ==
        "connection lost");
}
