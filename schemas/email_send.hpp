// Wire types of the emails resource: what the engine answers. The requests are in emails.hpp.
// Sources: the v1 contract of POST /api/v1/emails and /emails/batch, GET /api/v1/emails/{id}.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <variant>
#include <vector>

#include "schemas/describe/parse.hpp"
#include "schemas/dry_run.hpp"

namespace segmentflow::wire {

enum class EmailSendStatus { Queued, Processing, Sent, Failed, Skipped };

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

enum class FailureReason {
  RenderFailed,
  ProviderRejected,
  ProviderUnavailable,
  WorkerFailed,
  OutcomeUnknown,
  RenderCrashed,
};

struct MailAddress {
  std::string email;
  std::optional<std::string> name;
};

struct EmailSendTo {
  std::string email;
};

// Where in an SMTP session a relay's answer came. The same names as segmentflow::MailStage.
enum class DeliveryStage {
  Connect,
  Tls,
  Greeting,
  Hello,
  StartTls,
  Auth,
  Mail,
  Rcpt,
  Data,
  Content,
  Dot,
};

struct EmailDelivery {
  std::int64_t attempts = 0;
  std::optional<std::string> last_attempt_at;
  std::optional<std::string> next_attempt_at;
  DeliveryStage stage{};
  std::optional<std::int64_t> code;
  std::optional<std::string> enhanced_code;
  std::string message;
};

struct EmailCopy {
  std::string email;
  EmailSendStatus status{};
  std::optional<FailureReason> failure_reason;
  std::optional<std::string> message;
  std::optional<std::string> next_attempt_at;
};

struct EmailSend {
  std::optional<std::string> id;
  EmailSendStatus status{};
  std::string template_id;
  std::string template_snapshot_id;
  std::string sender_profile_id;
  MailAddress from;
  std::optional<MailAddress> reply_to;
  std::string subject;
  std::optional<std::string> subscription_group_id;
  std::optional<std::string> profile_id;
  EmailSendTo to;
  std::vector<MailAddress> cc;
  std::optional<std::string> message_id;
  std::optional<std::string> approval_id;
  std::optional<SkippedReason> skipped_reason;
  std::optional<FailureReason> failure_reason;
  std::optional<std::string> failure_message;
  std::optional<EmailDelivery> delivery;
  std::optional<std::vector<EmailCopy>> copies;
  std::optional<bool> captured;
  std::string created_at;
  std::string updated_at;
  std::optional<bool> dry_run;
  std::optional<std::vector<std::string>> missing_paths;
  std::optional<std::vector<std::string>> unused_data;
};

enum class AcceptedStatus { Accepted };
enum class RejectedStatus { Rejected };

struct ErrorDetail {
  std::string path;
  std::string message;
};

// The error envelope of the API, without its requestId.
struct ItemError {
  std::string error;
  std::string error_code;
  std::string message;
  std::int64_t status_code = 0;
  std::optional<std::vector<ErrorDetail>> details;
  std::optional<std::vector<std::string>> required;
};

struct EmailBatchAcceptedItem {
  std::int64_t index = 0;
  std::string idempotency_key;
  AcceptedStatus status{};
  EmailSend send;
};

struct EmailBatchRejectedItem {
  std::int64_t index = 0;
  std::optional<std::string> idempotency_key;
  RejectedStatus status{};
  ItemError error;
};

struct EmailBatchResponse {
  std::int64_t total = 0;
  std::int64_t accepted = 0;
  std::int64_t rejected = 0;
  std::vector<std::variant<EmailBatchAcceptedItem, EmailBatchRejectedItem>> items;
  std::optional<bool> dry_run;
};

}  // namespace segmentflow::wire

namespace describe {

template <>
struct EnumNames<segmentflow::wire::EmailSendStatus> {
  static constexpr std::array<std::string_view, 5> names = {"Queued", "Processing", "Sent",
                                                            "Failed", "Skipped"};
};
template <>
struct EnumNames<segmentflow::wire::SkippedReason> {
  static constexpr std::array<std::string_view, 8> names = {
      "ProfileUnsubscribed", "ProfileSuppressed", "ProfileErased", "InvalidSenderProfile",
      "DomainNotVerified",   "AdmissionDenied",   "RateLimited",   "PolicyBlocked"};
};
template <>
struct EnumNames<segmentflow::wire::FailureReason> {
  static constexpr std::array<std::string_view, 6> names = {
      "RenderFailed", "ProviderRejected", "ProviderUnavailable",
      "WorkerFailed", "OutcomeUnknown",   "RenderCrashed"};
};
template <>
struct EnumNames<segmentflow::wire::DeliveryStage> {
  static constexpr std::array<std::string_view, 11> names = {
      "Connect", "Tls",  "Greeting", "Hello",   "StartTls", "Auth",
      "Mail",    "Rcpt", "Data",     "Content", "Dot"};
};
template <>
struct EnumNames<segmentflow::wire::AcceptedStatus> {
  static constexpr std::array<std::string_view, 1> names = {"Accepted"};
};
template <>
struct EnumNames<segmentflow::wire::RejectedStatus> {
  static constexpr std::array<std::string_view, 1> names = {"Rejected"};
};

// Addresses in answers have no format: that of an erased recipient is replaced by a marker.
template <>
struct Description<segmentflow::wire::MailAddress> {
  using T = segmentflow::wire::MailAddress;
  static constexpr std::string_view name = "MailAddress";
  static constexpr std::string_view doc = "A mail address with its display name.";
  static constexpr auto fields = std::tuple{
      field("email", &T::email, {.doc = "The address.", .example = R"("billing@example.com")"}),
      field("name", &T::name,
            {.doc = "The display name; null for a bare address.", .example = R"("Billing")"}),
  };
};

template <>
struct Description<segmentflow::wire::EmailSendTo> {
  using T = segmentflow::wire::EmailSendTo;
  static constexpr std::string_view name = "EmailSendTo";
  static constexpr std::string_view doc = "The primary recipient.";
  static constexpr auto fields = std::tuple{
      field("email", &T::email,
            {.doc = "The address the email goes to.", .example = R"("alex@example.com")"}),
  };
};

template <>
struct Description<segmentflow::wire::EmailDelivery> {
  using T = segmentflow::wire::EmailDelivery;
  static constexpr std::string_view name = "EmailDelivery";
  static constexpr std::string_view doc = "What an email that is not final waits for.";
  static constexpr auto fields = std::tuple{
      field("attempts", &T::attempts, {.doc = "Attempts made so far.", .value_min = 0}),
      field("lastAttemptAt", &T::last_attempt_at,
            {.doc = "When the last attempt ended; null before the first.",
             .format = Format::DateTime}),
      field("nextAttemptAt", &T::next_attempt_at,
            {.doc = "When it is tried next; null when that is not known.",
             .format = Format::DateTime}),
      field("stage", &T::stage, {.doc = "Where in the SMTP session the last answer came."}),
      field("code", &T::code,
            {.doc = "The mail server's reply code; null when it gave none.", .example = "450"}),
      field("enhancedCode", &T::enhanced_code,
            {.doc = "Its enhanced code (RFC 3463), or null.", .example = R"("4.2.1")"}),
      field("message", &T::message, {.doc = "What came of it, in words.", .untrusted = true}),
  };
};

template <>
struct Description<segmentflow::wire::EmailCopy> {
  using T = segmentflow::wire::EmailCopy;
  static constexpr std::string_view name = "EmailCopy";
  static constexpr std::string_view doc = "A visible copy of an email that is Sent.";
  static constexpr auto fields = std::tuple{
      field("email", &T::email, {.doc = "Who gets it.", .example = R"("billing@example.com")"}),
      field("status", &T::status,
            {.doc = "Sent. Processing: the mail server refused it for now, it is tried again. "
                    "Failed, Skipped: it will not be sent."}),
      field("failureReason", &T::failure_reason, {.doc = "Why it failed; else null."}),
      field("message", &T::message,
            {.doc = "The mail server's last refusal, in words; null without one.",
             .untrusted = true}),
      field("nextAttemptAt", &T::next_attempt_at,
            {.doc = "When it is tried next, or null.", .format = Format::DateTime}),
  };
};

template <>
struct Description<segmentflow::wire::EmailSend> {
  using T = segmentflow::wire::EmailSend;
  static constexpr std::string_view name = "EmailSend";
  static constexpr std::string_view doc =
      "The durable record of one accepted email. Keep its id; read it again to follow its status.";
  static constexpr auto fields = std::tuple{
      field("id", &T::id,
            {.doc = "Id of the EmailSend. Absent in a dry run, which makes none.",
             .format = Format::Uuid,
             .omit_empty = true}),
      field(
          "status", &T::status,
          {.doc = "Queued: accepted and waiting. Processing: a worker has it. Sent: the delivery "
                  "adapter accepted it, which is no guarantee of the inbox. Failed: see "
                  "failureReason. Skipped: deliberately not sent, see skippedReason. Sent, Failed "
                  "and Skipped are final."}),
      field("templateId", &T::template_id, {.doc = "Id of the Template.", .format = Format::Uuid}),
      field("templateSnapshotId", &T::template_snapshot_id,
            {.doc = "Id of the frozen template content that this email uses.",
             .format = Format::Uuid}),
      field("senderProfileId", &T::sender_profile_id,
            {.doc = "Id of the SenderProfile.", .format = Format::Uuid}),
      field("from", &T::from, {.doc = "The sender, as frozen at accept."}),
      field("replyTo", &T::reply_to, {.doc = "Where replies go; null when not set."}),
      field("subject", &T::subject,
            {.doc = "The subject, as frozen at accept.", .untrusted = true}),
      field("subscriptionGroupId", &T::subscription_group_id,
            {.doc = "Id of the SubscriptionGroup that was to be respected, or null.",
             .format = Format::Uuid}),
      field("profileId", &T::profile_id,
            {.doc = "Id of the recipient's Profile. Absent in a dry run, where there is none yet.",
             .format = Format::Uuid,
             .omit_empty = true}),
      field("to", &T::to, {.doc = "The primary recipient."}),
      field("cc", &T::cc, {.doc = "Who gets a visible copy. Hidden copies are never shown."}),
      field("messageId", &T::message_id,
            {.doc = "Id of the Message; null until the email has been rendered.",
             .format = Format::Uuid}),
      field(
          "approvalId", &T::approval_id,
          {.doc = "Of the approval by a person that the email needs or needed. While it is Queued "
                  "with one it waits: an operator runs segmentflow approvals approve. Absent: it "
                  "needs none.",
           .format = Format::Uuid,
           .omit_empty = true}),
      field("skippedReason", &T::skipped_reason,
            {.doc = "Why nothing was sent, when status is Skipped; else null."}),
      field("failureReason", &T::failure_reason,
            {.doc = "Why sending failed, when status is Failed; else null. OutcomeUnknown: the "
                    "provider may or may not have taken the email, and policy forbids a repeat. "
                    "RenderCrashed: rendering it ended the server several times."}),
      field("failureMessage", &T::failure_message,
            {.doc = "The failure in words, when status is Failed; else null.", .untrusted = true}),
      field("delivery", &T::delivery,
            {.doc = "Only when it is read again and waits: its last attempt and the next.",
             .omit_empty = true}),
      field("copies", &T::copies,
            {.doc = "Only when it is read again, is Sent and has cc: what became of each.",
             .omit_empty = true}),
      field("captured", &T::captured,
            {.doc = "Only when it is read again: true when it was written to a file and left for "
                    "nobody.",
             .omit_empty = true}),
      field("createdAt", &T::created_at,
            {.doc = "When the email was accepted.", .format = Format::DateTime}),
      field("updatedAt", &T::updated_at,
            {.doc = "When the record last changed.", .format = Format::DateTime}),
      field("dryRun", &T::dry_run, segmentflow::wire::kDryRunRules),
      field("missingPaths", &T::missing_paths,
            {.doc = "In the answer to a send: paths of data and profile that the template reads "
                    "and that have no value; at most 20. Absent where all have one.",
             .example = R"(["/data/orderId"])",
             .omit_empty = true}),
      field("unusedData", &T::unused_data,
            {.doc = "In the answer to a send: members of data that the template does not read; at "
                    "most 20. Absent where it reads all.",
             .example = R"(["/data/order_id"])",
             .omit_empty = true}),
  };
};

template <>
struct Description<segmentflow::wire::ErrorDetail> {
  using T = segmentflow::wire::ErrorDetail;
  static constexpr std::string_view name = "ErrorDetail";
  static constexpr std::string_view doc = "One thing that is wrong with the input.";
  static constexpr auto fields = std::tuple{
      field("path", &T::path, {.doc = "JSON Pointer to the place.", .example = R"("/to/email")"}),
      field("message", &T::message, {.doc = "What is wrong and what to do."}),
  };
};

template <>
struct Description<segmentflow::wire::ItemError> {
  using T = segmentflow::wire::ItemError;
  static constexpr std::string_view name = "ItemError";
  static constexpr std::string_view doc = "Why the item was rejected.";
  static constexpr auto fields = std::tuple{
      field("error", &T::error, {.doc = "The code in snake_case."}),
      field("errorCode", &T::error_code,
            {.doc = "The code; decide by this.", .example = R"("ValidationFailed")"}),
      field("message", &T::message, {.doc = "What was wrong and what to do."}),
      field("statusCode", &T::status_code,
            {.doc = "The HTTP status that a single send would have answered.",
             .value_min = 400,
             .value_max = 599}),
      field("details", &T::details,
            {.doc = "One row for each field at fault.", .omit_empty = true}),
      field("required", &T::required,
            {.doc = "The scopes that the API key lacks.", .omit_empty = true}),
  };
};

template <>
struct Description<segmentflow::wire::EmailBatchAcceptedItem> {
  using T = segmentflow::wire::EmailBatchAcceptedItem;
  static constexpr std::string_view name = "EmailBatchSendAcceptedItem";
  static constexpr std::string_view doc = "An item that created or replayed an EmailSend.";
  static constexpr auto fields = std::tuple{
      field("index", &T::index,
            {.doc = "Place of the item in the request, from 0.", .value_min = 0}),
      field("idempotencyKey", &T::idempotency_key, {.doc = "The item's key."}),
      field("status", &T::status, {.doc = "Always Accepted."}),
      field("send", &T::send, {.doc = "The EmailSend."}),
  };
};

template <>
struct Description<segmentflow::wire::EmailBatchRejectedItem> {
  using T = segmentflow::wire::EmailBatchRejectedItem;
  static constexpr std::string_view name = "EmailBatchSendRejectedItem";
  static constexpr std::string_view doc = "An item for which nothing was created.";
  static constexpr auto fields = std::tuple{
      field("index", &T::index,
            {.doc = "Place of the item in the request, from 0.", .value_min = 0}),
      field("idempotencyKey", &T::idempotency_key,
            {.doc = "The item's key; null when it had none that is valid."}),
      field("status", &T::status, {.doc = "Always Rejected."}),
      field("error", &T::error, {.doc = "Why the item was rejected."}),
  };
};

// Of a batch's answer, whole or in brief.
template <class T>
inline constexpr auto kEmailBatchFields = std::tuple{
    field("total", &T::total, {.doc = "Items submitted.", .value_min = 0}),
    field("accepted", &T::accepted,
          {.doc = "Items that created or replayed an EmailSend.", .value_min = 0}),
    field("rejected", &T::rejected,
          {.doc = "Items for which nothing was created.", .value_min = 0}),
    field("items", &T::items, {.doc = "One result for each item, in the order of the request."}),
    field("dryRun", &T::dry_run, segmentflow::wire::kDryRunRules),
};

template <>
struct Description<segmentflow::wire::EmailBatchResponse> {
  using T = segmentflow::wire::EmailBatchResponse;
  static constexpr std::string_view name = "EmailBatchResponse";
  static constexpr std::string_view doc = "The results of a batch, item by item.";
  static constexpr auto fields = kEmailBatchFields<T>;
};

}  // namespace describe
