// A shop whose sends are claimed and recorded by hand: what the delivery loop does, step by step.
#pragma once

#include "core/delivery/delivery_records.hpp"
#include "tests/unit/engine/shop.hpp"

namespace segmentflow::test {

class Deliveries : public Shop {
 public:
  using Shop::Shop;

  EmailSend accept_to(const std::string& email, bool at_most_once = false) {
    ApiKey as = key;
    as.at_most_once = at_most_once;
    SendRequest wanted = request(ids.next().to_string());
    wanted.to = mailbox(email);
    return must(std::move(accept_as(as, {wanted}).at(0))).send;
  }
  ClaimAnswer claim(const Lease& lease, int limit = 100) {
    return write([&](Transaction& tx) {
      const ClaimCommand command{lease, limit};
      return must(std::move(claims.apply(tx, {&command, 1}).at(0)));
    });
  }
  bool mark(const AttemptRef& ref) {
    return write([&](Transaction& tx) { return must(MarkDots().apply(tx, {&ref, 1}).at(0)); });
  }
  bool record(const AttemptRef& ref, MailResult result, const Verdict& verdict) {
    MailOutcome outcome;
    outcome.result = result;
    outcome.phase = MailPhase::Replied;
    outcome.peer = "relay:25";
    const OutcomeCommand command{ref, outcome, verdict};
    return write(
        [&](Transaction& tx) { return must(RecordOutcomes().apply(tx, {&command, 1}).at(0)); });
  }
  void reap(const Lease& gone) {
    database->write([&](Transaction& tx) {
      unregister_instance(tx, gone.instance);
      reap_deliveries(tx, gone, RetryPolicy{}, entropy);
    });
  }
  AttemptRef ref(const Delivery& delivery) {
    return {delivery.job, delivery.send.organization_id, delivery.attempt, clock.now()};
  }
  // "Sent", "Failed OutcomeUnknown", "Skipped ProfileErased" …
  std::string status(const Uuid& send_id) {
    const EmailSend send = stored(send_id);
    std::string text(to_string(send.status));
    if (send.skipped_reason) text += " " + std::string(to_string(*send.skipped_reason));
    if (send.failure_reason) text += " " + std::string(to_string(*send.failure_reason));
    return text;
  }
  // "1 Unknown, 2 Accepted"
  std::string attempts(const Uuid& send_id) {
    std::string text;
    for (const auto& row : rows("SELECT number, outcome FROM delivery_attempts WHERE send_id = $1 "
                                "ORDER BY number",
                                {send_id})) {
      text += (text.empty() ? "" : ", ") + std::to_string(row[0].integer()) + " " + row[1].text();
    }
    return text;
  }
  // "free 0", "leased 2": whether somebody holds the send's job, and its finished attempts.
  std::string job(const Uuid& send_id) {
    const auto found =
        rows("SELECT lease_instance, attempts FROM jobs WHERE subject_id = $1", {send_id});
    if (found.empty()) return "none";
    return (found[0][0].is_null() ? "free " : "leased ") + std::to_string(found[0][1].integer());
  }

  ClaimDeliveries claims{ids};
};

inline Verdict sent_verdict() {
  Verdict verdict;
  verdict.status = SendStatus::Sent;
  return verdict;
}

}  // namespace segmentflow::test
