// The answer of a batch as assistants get it: of each item what is needed to go on.
#pragma once

#include "schemas/email_send.hpp"

namespace segmentflow::wire {

enum class EmailBatchItemStatus { Accepted, Rejected };

struct EmailSendBrief {
  std::optional<std::string> id;
  EmailSendStatus status{};
  EmailSendTo to;
  std::optional<std::string> approval_id;
  std::optional<SkippedReason> skipped_reason;
  std::optional<std::vector<std::string>> missing_paths;
  std::optional<std::vector<std::string>> unused_data;
};

struct EmailBatchBriefError {
  std::string error_code;
  std::string message;
};

struct EmailBatchBriefItem {
  std::int64_t index = 0;
  std::optional<std::string> idempotency_key;
  EmailBatchItemStatus status{};
  std::optional<EmailSendBrief> send;
  std::optional<EmailBatchBriefError> error;
};

struct EmailBatchBrief {
  std::int64_t total = 0;
  std::int64_t accepted = 0;
  std::int64_t rejected = 0;
  std::vector<EmailBatchBriefItem> items;
  std::optional<bool> dry_run;
};

}  // namespace segmentflow::wire

namespace describe {

template <>
struct EnumNames<segmentflow::wire::EmailBatchItemStatus> {
  static constexpr std::array<std::string_view, 2> names = {"Accepted", "Rejected"};
};

template <>
struct Description<segmentflow::wire::EmailSendBrief> {
  using T = segmentflow::wire::EmailSendBrief;
  static constexpr std::string_view name = "EmailSendBrief";
  static constexpr std::string_view doc = "An EmailSend in brief; get_email tells all.";
  static constexpr auto fields = std::tuple{
      field("id", &T::id,
            {.doc = "Id of the EmailSend, for get_email. Absent in a dry run.",
             .format = Format::Uuid,
             .omit_empty = true}),
      field("status", &T::status, {.doc = "As of an EmailSend: Queued, Skipped, …"}),
      field("to", &T::to, {.doc = "The primary recipient."}),
      field("approvalId", &T::approval_id,
            {.doc = "Of the approval by a person that the email waits for; absent: none.",
             .format = Format::Uuid,
             .omit_empty = true}),
      field("skippedReason", &T::skipped_reason,
            {.doc = "Why nothing is sent, when status is Skipped.", .omit_empty = true}),
      field("missingPaths", &T::missing_paths,
            {.doc = "The first paths that the template reads in vain.",
             .example = R"(["/data/orderId"])",
             .omit_empty = true}),
      field("unusedData", &T::unused_data,
            {.doc = "The first members of data that the template does not read.",
             .example = R"(["/data/order_id"])",
             .omit_empty = true}),
  };
};

template <>
struct Description<segmentflow::wire::EmailBatchBriefError> {
  using T = segmentflow::wire::EmailBatchBriefError;
  static constexpr std::string_view name = "EmailBatchBriefError";
  static constexpr std::string_view doc = "Why the item was rejected.";
  static constexpr auto fields = std::tuple{
      field("errorCode", &T::error_code,
            {.doc = "The code; decide by this.", .example = R"("ValidationFailed")"}),
      field("message", &T::message, {.doc = "What was wrong, where, and what to do."}),
  };
};

template <>
struct Description<segmentflow::wire::EmailBatchBriefItem> {
  using T = segmentflow::wire::EmailBatchBriefItem;
  static constexpr std::string_view name = "EmailBatchBriefItem";
  static constexpr std::string_view doc = "What became of one item.";
  static constexpr auto fields = std::tuple{
      field("index", &T::index,
            {.doc = "Place of the item in the request, from 0.", .value_min = 0}),
      field("idempotencyKey", &T::idempotency_key,
            {.doc = "The item's key; null when it had none that is valid."}),
      field("status", &T::status, {.doc = "Whether there is an EmailSend."}),
      field("send", &T::send, {.doc = "Of an accepted item.", .omit_empty = true}),
      field("error", &T::error, {.doc = "Of a rejected item.", .omit_empty = true}),
  };
};

template <>
struct Description<segmentflow::wire::EmailBatchBrief> {
  using T = segmentflow::wire::EmailBatchBrief;
  static constexpr std::string_view name = "EmailBatchBrief";
  static constexpr std::string_view doc = "The results of a batch, item by item.";
  static constexpr auto fields = kEmailBatchFields<T>;
};

}  // namespace describe
