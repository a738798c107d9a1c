// Approvals: calls whose emails wait for a person, because their key asks first
// (core/access/guards). The emails are accepted as any others; their jobs wait until the approval
// is given. One that is not given in time ends with their deadline.
#pragma once

#include <string>
#include <vector>

#include "core/base/address.hpp"
#include "core/base/clock.hpp"
#include "core/base/error.hpp"
#include "core/base/id.hpp"
#include "core/store/database.hpp"

namespace segmentflow {

struct Approval {
  Uuid id;
  std::string organization;
  std::string key_name;
  std::string state;  // Pending, Approved, Rejected, Expired
  Time created_at = 0;
  std::int64_t emails = 0;
  // Of one of its emails.
  std::string to_email;
  std::string subject;
  std::string template_name;  // "" when it was deleted
};

// Those that wait, the oldest first; or all, the newest first. At most `limit`.
std::vector<Approval> list_approvals(Transaction& tx, bool only_pending, int limit);

// The emails of an approval, in their order, with all that a person has to see of them.
struct ApprovalEmail {
  std::string to_email;
  std::vector<Address> cc;
  std::vector<Address> bcc;
  Address from;
  std::string subject;
  std::string template_name;  // "" when it was deleted
  std::string data;           // JSON, as it was given; "" when it is no longer kept
};
// NotFound when there is no such approval.
Result<std::vector<ApprovalEmail>> emails_of_approval(Transaction& tx, const Uuid& id);

std::int64_t count_waiting_approvals(Transaction& tx);

// Both are noted in the audit log.
// Lets the emails of the approval go out now. Their number. NotFound, or Conflict when it was
// decided already.
Result<std::int64_t> approve(Transaction& tx, const Uuid& id);
// Ends them: Skipped, AdmissionDenied.
Result<std::int64_t> reject(Transaction& tx, const Uuid& id);

}  // namespace segmentflow
