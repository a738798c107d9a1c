// Wire types of the emails resource: what a caller sends. The answers are in email_send.hpp.
// Sources: the v1 contract of POST /api/v1/emails and /emails/batch, GET /api/v1/emails/{id}.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "schemas/describe/parse.hpp"
#include "schemas/email_send.hpp"

namespace segmentflow::wire {

inline constexpr std::size_t kIdempotencyKeyLengthMax = 255;
inline constexpr std::size_t kExternalIdLengthMax = 255;
inline constexpr std::size_t kFriendlyAddressLengthMax = 320;
inline constexpr std::size_t kSubjectLengthMax = 998;  // RFC 5322 §2.1.1
inline constexpr std::size_t kCopiesMax = 49;          // 50 envelope recipients with the primary
inline constexpr std::size_t kDataBytesMax = 256 * 1024;
inline constexpr std::size_t kDataDepthMax = 32;
inline constexpr std::size_t kBatchItemsMax = 100;

struct EmailTo {
  std::optional<std::string> email;
  std::optional<std::string> external_id;
};

struct EmailTracking {
  std::optional<bool> clicks;
};

// What a single send, a batch item and batch defaults have in common.
struct EmailSharedFields {
  std::optional<std::string> template_id;
  std::optional<std::string> template_key;
  std::optional<std::string> from;
  std::optional<std::string> sender_profile_id;
  std::optional<std::string> reply_to;
  std::optional<std::string> subject;
  std::optional<std::string> subscription_group_id;
  std::optional<EmailTracking> tracking;
};

// What belongs to one email only.
struct EmailSendFields : EmailSharedFields {
  std::optional<std::string> profile_id;
  std::optional<EmailTo> to;
  std::optional<describe::OneOrMany<std::string>> cc;
  std::optional<describe::OneOrMany<std::string>> bcc;
  std::optional<describe::Json> data;
};

struct EmailSendRequest : EmailSendFields {
  std::optional<std::string> idempotency_key;  // its absence has an error code of its own
};

struct EmailBatchDefaults : EmailSharedFields {};

struct EmailBatchItem : EmailSendFields {
  std::string idempotency_key;
};

struct EmailBatchRequest {
  std::vector<describe::Json> items;  // each is read as EmailBatchItem by itself
  std::optional<EmailBatchDefaults> defaults;
};

struct EmailRetrieveRequest {
  std::string id;
};

// Nothing stands beside the address; its grammar is checked where it is resolved.
inline bool is_bare(std::string_view text) {
  return text.find_first_of("<> \"") == std::string_view::npos;
}

}  // namespace segmentflow::wire

namespace describe {

template <>
struct Description<segmentflow::wire::EmailTo> {
  using T = segmentflow::wire::EmailTo;
  static constexpr std::string_view name = "EmailTo";
  static constexpr std::string_view doc = "The one primary recipient. It resolves to one Profile.";
  static constexpr auto fields = std::tuple{
      field(
          "email", &T::email,
          {.doc = "Email address of the recipient, bare. Finds the Profile or creates it.",
           .length_max = segmentflow::wire::kFriendlyAddressLengthMax,
           .check = segmentflow::wire::is_bare,
           .check_says = "This must be a bare email address such as \"alex@example.com\", without "
                         "a display name, angle brackets or blanks.",
           .example = R"("alex@example.com")"}),
      field("externalId", &T::external_id,
            {.doc = "Your own id of the customer. Alone it must be that of a Profile; with email "
                    "it may link or create one.",
             .length_min = 1,
             .length_max = segmentflow::wire::kExternalIdLengthMax,
             .check = is_one_line,
             .check_says = "externalId must not contain control characters such as line breaks.",
             .example = R"("shopify:customer_123")"}),
  };
};

template <>
struct Description<segmentflow::wire::EmailTracking> {
  using T = segmentflow::wire::EmailTracking;
  static constexpr std::string_view name = "EmailTracking";
  static constexpr std::string_view doc = "Tracking of this email.";
  static constexpr std::string_view unknown_says = "Opens are never tracked.";
  static constexpr auto fields = std::tuple{
      field("clicks", &T::clicks,
            {.doc = "Whether clicks on links are recorded. Give false for sensitive links such as "
                    "password resets.",
             .default_text = "true"}),
  };
};

}  // namespace describe

namespace segmentflow::wire {

inline constexpr std::string_view kIdempotencyKeyDoc =
    "Your own stable key of the business event behind this email, 1 to 255 characters. Repeating "
    "key and request gives the same EmailSend and sends nothing; another request with the key is a "
    "conflict. Keep it when you retry.";
inline constexpr std::string_view kIdempotencyKeyExample = R"("order-confirmation:ord_9421")";
inline constexpr std::string_view kIdempotencyKeySays =
    "The idempotency key must not contain control characters such as line breaks.";
inline constexpr std::string_view kNoContent =
    "The content of an email always comes from a saved Template: html, text and react are not "
    "accepted; values for the template go into data.";

// A bare address or "Name <address>"; its grammar is checked where it is resolved.
constexpr describe::FieldRules friendly_address(std::string_view doc, std::string_view example) {
  return {.doc = doc,
          .length_min = 1,
          .length_max = kFriendlyAddressLengthMax,
          .items_max = kCopiesMax,
          .check = describe::is_one_line,
          .check_says = "An address must not contain control characters such as line breaks.",
          .example = example};
}

inline constexpr auto kEmailSharedFields = std::tuple{
    describe::field(
        "templateId", &EmailSharedFields::template_id,
        {.doc = "Id of the saved Email Template, a Transactional one. Give this or templateKey.",
         .format = describe::Format::Uuid,
         .example = R"("2c2f9e13-7d0a-4b10-9f4b-35f6d96d7a70")"}),
    describe::field("templateKey", &EmailSharedFields::template_key,
                    {.doc = "Its key, instead of templateId.",
                     .length_min = 1,
                     .length_max = 100,
                     .check = describe::is_one_line,
                     .check_says = "templateKey must not contain control characters.",
                     .example = R"("receipt-default")"}),
    describe::field("from", &EmailSharedFields::from,
                    friendly_address("Sender, bare or \"Name <address>\": exactly the address of a "
                                     "SenderProfile on a verified domain. Omitted: the template's.",
                                     R"("Acme Receipts <receipts@example.com>")")),
    describe::field("senderProfileId", &EmailSharedFields::sender_profile_id,
                    {.doc = "Id of the SenderProfile. With from, both must be the same "
                            "SenderProfile.",
                     .format = describe::Format::Uuid,
                     .example = R"("018f7a35-4444-7444-8444-444444444444")"}),
    describe::field(
        "replyTo", &EmailSharedFields::reply_to,
        friendly_address("Where replies go, bare or \"Name <address>\": on a verified domain of "
                         "the Organization.",
                         R"("Acme Support <support@example.com>")")),
    describe::field("subject", &EmailSharedFields::subject,
                    {.doc = "The final subject, as it stands. Omitted: the template's.",
                     .length_min = 1,
                     .length_max = kSubjectLengthMax,
                     .check = describe::is_one_line,
                     .check_says = "The subject must be one line without control characters.",
                     .example = R"("Receipt for order ord_9421")"}),
    describe::field(
        "subscriptionGroupId", &EmailSharedFields::subscription_group_id,
        {.doc = "Id of a SubscriptionGroup to respect: who is not subscribed is skipped with "
                "ProfileUnsubscribed. Omit it for email that the recipient asked for.",
         .format = describe::Format::Uuid,
         .example = R"("018f7a35-6666-7666-8666-666666666666")"}),
    describe::field("tracking", &EmailSharedFields::tracking,
                    {.doc = "Tracking of this email.", .example = R"({"clicks": false})"}),
};

inline constexpr auto kEmailSendFields = std::tuple_cat(
    kEmailSharedFields,
    std::tuple{
        describe::field(
            "profileId", &EmailSendFields::profile_id,
            {.doc = "Id of the recipient's Profile, instead of to or beside it; then both "
                    "must be the same. Its own address is used.",
             .format = describe::Format::Uuid,
             .example = R"("018f7a35-5555-7555-8555-555555555555")"}),
        describe::field("to", &EmailSendFields::to,
                        {.doc = "The one recipient. Needed unless profileId is given.",
                         .example = R"({"email": "alex@example.com"})"}),
        describe::field(
            "cc", &EmailSendFields::cc,
            friendly_address("Visible copies: one address, or an array. At most 50 recipients in "
                             "all.",
                             R"("billing@example.com")")),
        describe::field("bcc", &EmailSendFields::bcc,
                        friendly_address("Hidden copies: one address, or an array. Never returned.",
                                         R"(["audit@example.com"])")),
        describe::field("data", &EmailSendFields::data,
                        {.doc = "Values for this one email, read by the template as /data/<name>. "
                                "At most 256 KiB of JSON, 32 levels deep.",
                         .example = R"({"orderId": "ord_9421"})",
                         .json_kind = describe::JsonKind::Object,
                         .json_bytes_max = kDataBytesMax,
                         .json_depth_max = kDataDepthMax}),
    });

}  // namespace segmentflow::wire

namespace describe {

template <>
struct Description<segmentflow::wire::EmailSendRequest> {
  using T = segmentflow::wire::EmailSendRequest;
  static constexpr std::string_view name = "EmailSendRequest";
  static constexpr std::string_view doc =
      "One expected email to one primary recipient, from a saved Template.";
  static constexpr std::string_view unknown_says = segmentflow::wire::kNoContent;
  static constexpr auto fields =
      std::tuple_cat(std::tuple{field("idempotencyKey", &T::idempotency_key,
                                      {.doc = segmentflow::wire::kIdempotencyKeyDoc,
                                       .length_min = 1,
                                       .length_max = segmentflow::wire::kIdempotencyKeyLengthMax,
                                       .check = is_one_line,
                                       .check_says = segmentflow::wire::kIdempotencyKeySays,
                                       .example = segmentflow::wire::kIdempotencyKeyExample,
                                       .carried = Carried::Header,
                                       .header = "Idempotency-Key"})},
                     segmentflow::wire::kEmailSendFields);
};

template <>
struct Description<segmentflow::wire::EmailBatchDefaults> {
  static constexpr std::string_view name = "EmailBatchDefaults";
  static constexpr std::string_view doc = "Values for every item that does not give its own.";
  static constexpr std::string_view unknown_says =
      "profileId, to, data, cc and bcc belong to each item.";
  static constexpr auto fields = segmentflow::wire::kEmailSharedFields;
};

template <>
struct Description<segmentflow::wire::EmailBatchItem> {
  using T = segmentflow::wire::EmailBatchItem;
  static constexpr std::string_view name = "EmailBatchItem";
  static constexpr std::string_view doc = "One independent email of a batch.";
  static constexpr std::string_view unknown_says = segmentflow::wire::kNoContent;
  static constexpr auto fields =
      std::tuple_cat(std::tuple{field("idempotencyKey", &T::idempotency_key,
                                      {.doc = segmentflow::wire::kIdempotencyKeyDoc,
                                       .length_min = 1,
                                       .length_max = segmentflow::wire::kIdempotencyKeyLengthMax,
                                       .check = is_one_line,
                                       .check_says = segmentflow::wire::kIdempotencyKeySays,
                                       .example = segmentflow::wire::kIdempotencyKeyExample})},
                     segmentflow::wire::kEmailSendFields);
};

template <>
struct Description<segmentflow::wire::EmailBatchRequest> {
  using T = segmentflow::wire::EmailBatchRequest;
  static constexpr std::string_view name = "EmailBatchRequest";
  static constexpr std::string_view doc =
      "Up to 100 independent emails. Each item has its own recipient, key and result.";
  static constexpr auto fields = std::tuple{
      field("items", &T::items,
            {.doc = "The emails, 1 to 100, in their order.",
             .items_min = 1,
             .items_max = segmentflow::wire::kBatchItemsMax,
             .json_depth_max = SIZE_MAX,  // an item that is too deep is that item's own problem
             .published_type = type_of<segmentflow::wire::EmailBatchItem>}),
      field("defaults", &T::defaults,
            {.doc = "Values for every item that gives none of its own; not recipients and data."}),
  };
};

template <>
struct Description<segmentflow::wire::EmailRetrieveRequest> {
  using T = segmentflow::wire::EmailRetrieveRequest;
  static constexpr std::string_view name = "EmailRetrieveRequest";
  static constexpr std::string_view doc = "Which EmailSend to read.";
  static constexpr auto fields = std::tuple{
      field("id", &T::id,
            {.doc = "Id of the EmailSend, as answered by the send.",
             .format = Format::Uuid,
             .example = R"("018f7a35-1111-7111-8111-111111111111")",
             .carried = Carried::Path}),
  };
};

}  // namespace describe
