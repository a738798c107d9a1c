// EmailSend: one expected email to one Profile, as stored and as read back.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/address.hpp"
#include "core/base/clock.hpp"
#include "core/base/error.hpp"
#include "core/base/id.hpp"
#include "core/store/database.hpp"

namespace segmentflow {

enum class SendStatus { Queued, Processing, Sent, Failed, Skipped };

// segmentflow-api.md §9 #14.
enum class SkippedReason {
  ProfileUnsubscribed,
  ProfileSuppressed,
  ProfileErased,
  InvalidSenderProfile,
  DomainNotVerified,
  AdmissionDenied,
  RateLimited,
  PolicyBlocked,
};

// segmentflow-api.md §9 #15; and OutcomeUnknown where policy is at most once, RenderCrashed where
// the process died of rendering it (core/jobs/suspects.hpp).
enum class FailureReason {
  RenderFailed,
  ProviderRejected,
  ProviderUnavailable,
  WorkerFailed,
  OutcomeUnknown,
  RenderCrashed,
};

std::string_view to_string(SendStatus status);
std::string_view to_string(SkippedReason reason);
std::string_view to_string(FailureReason reason);
// Of what is stored. Throw std::logic_error for an unknown name.
SendStatus parse_send_status(const std::string& name);
std::optional<FailureReason> parse_failure_reason(const SqlValue& name);

struct EmailSend {
  Uuid id;
  Uuid organization_id;
  std::string idempotency_key;
  SendStatus status = SendStatus::Queued;
  std::optional<SkippedReason> skipped_reason;
  std::optional<FailureReason> failure_reason;
  std::optional<std::string> failure_message;
  Uuid template_id;
  Uuid template_snapshot_id;
  Uuid sender_profile_id;
  Address from;
  std::optional<Address> reply_to;
  std::string subject;
  std::optional<Uuid> subscription_group_id;
  Uuid profile_id;
  std::string to_email;
  std::vector<Address> cc;
  std::vector<Address> bcc;  // never leaves the engine but in the envelope
  bool click_tracking = true;
  bool at_most_once = false;
  std::optional<Uuid> message_id;
  std::optional<Uuid> approval_id;  // of the approval that it needs or needed
  Time deadline_at = 0;
  Time created_at = 0;
  Time updated_at = 0;

  bool is_final() const { return status != SendStatus::Queued && status != SendStatus::Processing; }
};

// The columns that read_email_send expects, of a table named `s`, in its order.
std::string_view email_send_columns();
// Reads a send from `row`, whose columns from `first` on are email_send_columns().
EmailSend read_email_send(const SqlRow& row, std::size_t first);

// The JSON text in which copies are stored: [{"email":…,"name":…}, …].
std::string addresses_to_json(const std::vector<Address>& addresses);

// When each of these sends has changed last.
std::map<Uuid, Time> send_versions(Transaction& tx, const std::vector<Uuid>& ids);

// The ids of sends of this organisation from `first` to `last`, newest first, at most `most`. Looks
// at a bounded number of rows, so where many organisations share a database some may be missed.
std::vector<Uuid> recent_sends(Transaction& tx, const Uuid& organization_id, const Uuid& first,
                               const Uuid& last, std::size_t most);

// NotFound when there is none in this organisation.
Result<EmailSend> retrieve_email_send(Transaction& tx, const Uuid& organization_id, const Uuid& id);

}  // namespace segmentflow
