// Copies (cc, bcc) that the relay refused while it took the primary recipient's mail. The email is
// Sent then; each copy that may be taken later is tried again for itself, by the same schedule and
// until the same deadline, under the job of the email. What is tried again is at least once, as for
// the primary recipient.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/delivery/policy.hpp"
#include "core/store/database.hpp"

namespace segmentflow {

enum class CopyList { Cc, Bcc };
std::string_view to_string(CopyList list);

// Names a copy by its place among the email's, so that nothing that is stored repeats its address.
struct CopyRef {
  CopyList list = CopyList::Cc;
  int place = 0;
  auto operator<=>(const CopyRef&) const = default;
};

// nullopt when the address is that of no copy.
std::optional<CopyRef> find_copy(const EmailSend& send, const std::string& recipient);
// nullptr when the email has no such copy (any more: its recipient was erased).
const Address* address_of(const EmailSend& send, const CopyRef& ref);

// A copy that is to be tried (again).
struct OwedCopy {
  CopyRef ref;
  int tries = 0;  // that count
};

// What becomes of a copy after an attempt.
struct CopyVerdict {
  CopyRef ref;
  SendStatus status = SendStatus::Sent;  // Processing: tried again
  std::optional<FailureReason> failure_reason;
  int code = 0;  // of the relay's answer; 0 when it gave none
  std::string enhanced;
  std::string message;  // its words, or what happened
  int tries = 0;
  Time next_attempt_at = 0;
};

struct CopyJudge {
  const EmailSend& send;
  Time now = 0;
  const RetryPolicy& policy;
  std::function<std::uint64_t()> random;
};
// After an attempt that carried the primary recipient: the copies that were refused, if it was
// accepted.
std::vector<CopyVerdict> judge_refused(const MailOutcome& outcome, const CopyJudge& judge);
// After an attempt for `owed` copies alone that counts.
std::vector<CopyVerdict> judge_owed(const MailOutcome& outcome, const std::vector<OwedCopy>& owed,
                                    const CopyJudge& judge);
// None of them can be sent, for this reason.
std::vector<CopyVerdict> fail_owed(const std::vector<OwedCopy>& owed, FailureReason reason,
                                   const std::string& message);

// --- what is stored -----------------------------------------------------------------------------

struct CopyUpdate {
  Uuid organization_id;
  Uuid send_id;
  int attempt = 0;
  CopyVerdict verdict;
};
void write_copies(Transaction& tx, const std::vector<CopyUpdate>& updates);

// Of those of these emails that are tried again, when the first is due.
std::map<Uuid, Time> next_copies(Transaction& tx, const std::vector<Uuid>& send_ids);

// Takes the copies that are due, or all where none is, for attempts with these numbers.
std::map<Uuid, std::vector<OwedCopy>> take_owed_copies(Transaction& tx,
                                                       const std::map<Uuid, int>& attempts);
// Those that this attempt has taken and that are not settled.
std::vector<OwedCopy> copies_of_attempt(Transaction& tx, const Uuid& send_id, int attempt);

// Ends what is owed of these emails: rows of id, status, failure_reason, failure_message. The
// relay's last words stay.
void end_copies(Transaction& tx, const SqlInput& ended);

// What is on record of the copies of an email: those that the relay once refused.
std::map<CopyRef, CopyVerdict> read_copies(Transaction& tx, const EmailSend& send);

// Of all organisations.
std::int64_t count_owed_copies(Transaction& tx);
// Owed, but nothing will become of them: a defect, 0 in a sound database.
std::int64_t count_stranded_copies(Transaction& tx);

}  // namespace segmentflow
