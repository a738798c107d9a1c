// Wire types of the templates resource. Those of previews and of the format's description are in
// template_preview.hpp.
// Sources: the v1 contract of GET /api/v1/templates and PUT /api/v1/templates/{id}.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "schemas/describe/parse.hpp"
#include "schemas/dry_run.hpp"

namespace segmentflow::wire {

enum class TemplateStatus { Active, Archived };
enum class TemplatePurpose { General, Newsletter, Promotional, Transactional, LeadMagnetDelivery };

struct TemplateListRequest {
  std::optional<std::vector<TemplateStatus>> status;
  std::optional<TemplatePurpose> purpose;
  std::optional<std::int64_t> limit;
  std::optional<std::string> cursor;
};

// Of all that need no more than the template.
struct TemplateIdRequest {
  std::string id;
};

// What a new template and a changed one are given alike. A reference to a thing that this
// installation does not have yet is refused as not found.
struct TemplateCreateRequest {
  std::string name;
  std::optional<std::string> key;
  std::optional<TemplatePurpose> purpose;
  describe::Json definition = describe::Json::object();
  std::optional<std::string> sender_profile_id;
  std::optional<std::string> sub_type;
  std::optional<std::string> language;
};

struct TemplateUpdateRequest {
  std::string id;
  std::optional<std::string> if_match;
  std::optional<std::string> name;
  describe::Patch<std::string> key;
  std::optional<TemplatePurpose> purpose;
  std::optional<describe::Json> definition;
  describe::Patch<std::string> sender_profile_id;
  describe::Patch<std::string> brand_kit_id;
  describe::Patch<std::string> default_segment_id;
  describe::Patch<std::string> sub_type;
  std::optional<std::string> language;
};

struct TemplateDuplicateRequest {
  std::string id;
  std::optional<std::string> name;
  std::optional<std::string> key;
};

struct TemplateDeleted {
  std::string id;
  bool deleted = true;
  std::optional<bool> dry_run;
};

enum class TemplateProblemSeverity { Error, Warning };

struct TemplateProblem {
  std::string code;
  TemplateProblemSeverity severity{};
  std::string path;
  std::string message;
};

struct TemplateWebsite {
  std::string id;
  std::string name;
};

// The answer of the list is a bare array of these.
struct TemplateListItem {
  std::string id;
  std::string organization_id;
  std::optional<std::string> key;
  std::string name;
  std::string type;
  TemplateStatus status{};
  TemplatePurpose purpose{};
  bool is_complete = false;
  std::optional<std::string> last_generated_at;
  std::optional<std::string> last_generation_error;
  std::string language;
  std::string created_at;
  std::string updated_at;
  std::optional<std::string> default_segment_id;
  std::optional<std::string> source;
  std::optional<std::string> website_id;
  std::optional<TemplateWebsite> website;
};

struct TemplateDetail {
  std::optional<std::string> id;
  std::string organization_id;
  std::optional<std::string> key;
  std::string name;
  std::string type;
  TemplateStatus status{};
  TemplatePurpose purpose{};
  bool is_complete = false;
  std::optional<std::string> sender_profile_id;
  std::optional<std::string> brand_kit_id;
  std::optional<std::string> default_segment_id;
  std::optional<std::string> source;
  std::optional<std::string> sub_type;
  std::string language;
  std::string created_at;
  std::string updated_at;
  describe::Json definition = describe::Json::object();
  std::optional<std::string> current_snapshot_id;
  std::string etag;
  std::vector<TemplateProblem> problems;
  std::optional<bool> dry_run;
};

inline constexpr std::int64_t kTemplateListMax = 100;

}  // namespace segmentflow::wire

namespace describe {

template <>
struct EnumNames<segmentflow::wire::TemplateStatus> {
  static constexpr std::array<std::string_view, 2> names = {"Active", "Archived"};
};
template <>
struct EnumNames<segmentflow::wire::TemplatePurpose> {
  static constexpr std::array<std::string_view, 5> names = {"General", "Newsletter", "Promotional",
                                                            "Transactional", "LeadMagnetDelivery"};
};

template <>
struct Description<segmentflow::wire::TemplateListRequest> {
  using T = segmentflow::wire::TemplateListRequest;
  static constexpr std::string_view name = "TemplateListRequest";
  static constexpr std::string_view doc = "Which Templates to list.";
  static constexpr auto fields = std::tuple{
      field("status", &T::status,
            {.doc = "Only Templates with one of these statuses. Omitted: all.",
             .items_max = 2,
             .example = R"(["Active"])",
             .carried = Carried::Query}),
      field("purpose", &T::purpose,
            {.doc = "Only Templates with this purpose. Emails can be sent with Transactional ones.",
             .example = R"("Transactional")",
             .carried = Carried::Query}),
      field("limit", &T::limit,
            {.doc = "How many at most.",
             .value_min = 1,
             .value_max = segmentflow::wire::kTemplateListMax,
             .example = "20",
             .carried = Carried::Query}),
      field("cursor", &T::cursor,
            {.doc = "Where to go on: the cursor that the page before gave.",
             .length_min = 1,
             .length_max = 40,
             .example = R"("t20")",
             .carried = Carried::Query}),
  };
};

template <>
struct EnumNames<segmentflow::wire::TemplateProblemSeverity> {
  static constexpr std::array<std::string_view, 2> names = {"Error", "Warning"};
};

}  // namespace describe

namespace segmentflow::wire {

inline constexpr std::size_t kTemplateNameLengthMax = 200;
inline constexpr std::size_t kTemplateKeyLengthMax = 100;
inline constexpr std::size_t kTemplateReferenceLengthMax = 100;  // an id or a key
inline constexpr std::size_t kTemplateDefinitionDepthMax = 64;
inline constexpr std::size_t kTemplateDefinitionBytesMax = 512 * 1024;

// The rules of what several requests carry.
inline constexpr describe::FieldRules kTemplateIdRules = {
    .doc = "Id or key of the Template; list_templates gives both.",
    .length_min = 1,
    .length_max = kTemplateReferenceLengthMax,
    .check = describe::is_one_line,
    .check_says = "A Template is named by its id or its key.",
    .example = R"("receipt-default")",
    .carried = describe::Carried::Path};
inline constexpr describe::FieldRules kTemplateNameRules = {.doc = "Name for people.",
                                                            .length_min = 1,
                                                            .length_max = kTemplateNameLengthMax,
                                                            .example = R"("Receipt")"};
inline constexpr describe::FieldRules kTemplateKeyRules = {
    .doc = "Unique name for programs, as templateKey: lower-case letters, digits and ._-.",
    .length_min = 1,
    .length_max = kTemplateKeyLengthMax,
    .pattern = "^[a-z0-9][a-z0-9._-]*$",
    .example = R"("receipt-default")"};
inline constexpr describe::FieldRules kTemplatePurposeRules = {
    .doc = "What the Template is for. Emails can be sent with Transactional ones.",
    .example = R"("Transactional")"};
inline constexpr describe::FieldRules kTemplateDefinitionRules = {
    .doc =
        "The content: subject, body {root, elements}; optional: from, replyTo, preheader, "
        "renderVariables (sample {data, profile, event} for previews), "
        "sensitiveTransactionalVariablePaths (not kept after sending). "
        "describe_template_format explains the body.",
    .example =
        R"({"subject": "Receipt ${/data/id}", "body": {"root": "html", "elements": {
            "html": {"type": "Html", "props": {}, "children": ["text"]},
            "text": {"type": "Text", "props": {"text": {"$template": "Order ${/data/id}"}}}}}})",
    .json_kind = describe::JsonKind::Object,
    .json_bytes_max = kTemplateDefinitionBytesMax,
    .json_depth_max = kTemplateDefinitionDepthMax};
inline constexpr describe::FieldRules kTemplateSenderRules = {
    .doc = "Id of the SenderProfile to use when a send names no sender.",
    .format = describe::Format::Uuid};
inline constexpr describe::FieldRules kTemplateSubTypeRules = {
    .doc = "A finer kind, for your own order.", .length_min = 1, .length_max = 100};
inline constexpr describe::FieldRules kTemplateLanguageRules = {
    .doc = "Language of the content (BCP 47).",
    .length_min = 2,
    .length_max = 35,
    .example = R"("en")"};

}  // namespace segmentflow::wire

namespace describe {

template <>
struct Description<segmentflow::wire::TemplateIdRequest> {
  using T = segmentflow::wire::TemplateIdRequest;
  static constexpr std::string_view name = "TemplateIdRequest";
  static constexpr std::string_view doc = "Which Template.";
  static constexpr auto fields =
      std::tuple{field("id", &T::id, segmentflow::wire::kTemplateIdRules)};
};

template <>
struct Description<segmentflow::wire::TemplateCreateRequest> {
  using T = segmentflow::wire::TemplateCreateRequest;
  static constexpr std::string_view name = "TemplateCreateRequest";
  static constexpr std::string_view doc = "A new Template.";
  static constexpr auto fields = std::tuple{
      field("name", &T::name, segmentflow::wire::kTemplateNameRules),
      field("key", &T::key, segmentflow::wire::kTemplateKeyRules),
      field("purpose", &T::purpose,
            {.doc = "What the Template is for. Emails can be sent with Transactional ones.",
             .example = R"("Transactional")",
             .default_text = R"("General")"}),
      field("definition", &T::definition, segmentflow::wire::kTemplateDefinitionRules),
      field("senderProfileId", &T::sender_profile_id, segmentflow::wire::kTemplateSenderRules),
      field("subType", &T::sub_type, segmentflow::wire::kTemplateSubTypeRules),
      field("language", &T::language, segmentflow::wire::kTemplateLanguageRules),
  };
};

template <>
struct Description<segmentflow::wire::TemplateUpdateRequest> {
  using T = segmentflow::wire::TemplateUpdateRequest;
  static constexpr std::string_view name = "TemplateUpdateRequest";
  static constexpr std::string_view doc =
      "Changes of a Template: what is absent stays, null clears.";
  static constexpr auto fields = std::tuple{
      field("id", &T::id, segmentflow::wire::kTemplateIdRules),
      field("ifMatch", &T::if_match,
            {.doc = "The etag that you read: the change is refused when the Template has changed "
                    "since. Omitted: the last write wins.",
             .length_min = 1,
             .length_max = 40,
             .example = R"("3")",
             .carried = Carried::Header,
             .header = "If-Match"}),
      field("name", &T::name, segmentflow::wire::kTemplateNameRules),
      field("key", &T::key, segmentflow::wire::kTemplateKeyRules),
      field("purpose", &T::purpose, segmentflow::wire::kTemplatePurposeRules),
      field("definition", &T::definition, segmentflow::wire::kTemplateDefinitionRules),
      field("senderProfileId", &T::sender_profile_id, segmentflow::wire::kTemplateSenderRules),
      field("brandKitId", &T::brand_kit_id,
            {.doc = "Id of the Brand Kit; without one it is the Organization's default.",
             .format = Format::Uuid}),
      field("defaultSegmentId", &T::default_segment_id,
            {.doc = "Id of the Segment it is usually sent to.", .format = Format::Uuid}),
      field("subType", &T::sub_type, segmentflow::wire::kTemplateSubTypeRules),
      field("language", &T::language, segmentflow::wire::kTemplateLanguageRules),
  };
};

template <>
struct Description<segmentflow::wire::TemplateDuplicateRequest> {
  using T = segmentflow::wire::TemplateDuplicateRequest;
  static constexpr std::string_view name = "TemplateDuplicateRequest";
  static constexpr std::string_view doc = "Which Template to copy, and the copy's names.";
  static constexpr auto fields = std::tuple{
      field("id", &T::id, segmentflow::wire::kTemplateIdRules),
      field("name", &T::name,
            {.doc = "Name of the copy. Omitted: \"Copy of\" and the original's.",
             .length_min = 1,
             .length_max = segmentflow::wire::kTemplateNameLengthMax,
             .example = R"("Receipt, new design")"}),
      field("key", &T::key,
            {.doc = "Key of the copy. Omitted: none.",
             .length_min = 1,
             .length_max = segmentflow::wire::kTemplateKeyLengthMax,
             .pattern = "^[a-z0-9][a-z0-9._-]*$",
             .example = R"("receipt-new")"}),
  };
};

template <>
struct Description<segmentflow::wire::TemplateDeleted> {
  using T = segmentflow::wire::TemplateDeleted;
  static constexpr std::string_view name = "TemplateDeleted";
  static constexpr std::string_view doc = "The Template is gone.";
  static constexpr auto fields = std::tuple{
      field("id", &T::id, {.doc = "Id of the deleted Template.", .format = Format::Uuid}),
      field("deleted", &T::deleted, {.doc = "Always true."}),
      field("dryRun", &T::dry_run, segmentflow::wire::kDryRunRules),
  };
};

template <>
struct Description<segmentflow::wire::TemplateProblem> {
  using T = segmentflow::wire::TemplateProblem;
  static constexpr std::string_view name = "TemplateProblem";
  static constexpr std::string_view doc = "Something that is wrong or doubtful in a Template.";
  static constexpr auto fields = std::tuple{
      field("code", &T::code, {.doc = "What kind of problem.", .example = R"("missing_child")"}),
      field("severity", &T::severity,
            {.doc = "A Template with an Error cannot be sent; a Warning can wait."}),
      field("path", &T::path,
            {.doc = "JSON Pointer into the definition, or the Template's own member.",
             .example = R"("/body/elements/title/props/text")"}),
      field("message", &T::message, {.doc = "What is wrong and how to mend it."}),
  };
};

template <>
struct Description<segmentflow::wire::TemplateWebsite> {
  using T = segmentflow::wire::TemplateWebsite;
  static constexpr std::string_view name = "TemplateWebsite";
  static constexpr std::string_view doc = "The Website that the Template belongs to.";
  static constexpr auto fields = std::tuple{
      field("id", &T::id, {.doc = "Id of the Website.", .format = Format::Uuid}),
      field("name", &T::name, {.doc = "Name of the Website."}),
  };
};

template <>
struct Description<segmentflow::wire::TemplateListItem> {
  using T = segmentflow::wire::TemplateListItem;
  static constexpr std::string_view name = "TemplateListItem";
  static constexpr std::string_view doc = "A saved Email Template, without its content.";
  static constexpr auto fields = std::tuple{
      field("id", &T::id, {.doc = "Id of the Template.", .format = Format::Uuid}),
      field("organizationId", &T::organization_id,
            {.doc = "Id of the Organization.", .format = Format::Uuid}),
      field("key", &T::key,
            {.doc = "Key of the Template, usable as templateKey; null when it has none.",
             .example = R"("receipt-default")"}),
      field("name", &T::name, {.doc = "Name of the Template.", .untrusted = true}),
      field("type", &T::type, {.doc = "Channel of the Template.", .example = R"("Email")"}),
      field("status", &T::status, {.doc = "Archived Templates cannot be sent."}),
      field("purpose", &T::purpose, {.doc = "What the Template is for."}),
      field(
          "isComplete", &T::is_complete,
          {.doc = "Whether the Template has all that a send needs, subject and sender included."}),
      field("lastGeneratedAt", &T::last_generated_at,
            {.doc = "When the content was last generated.",
             .format = Format::DateTime,
             .omit_empty = true}),
      field("lastGenerationError", &T::last_generation_error,
            {.doc = "Why the last generation failed.", .omit_empty = true}),
      field("language", &T::language,
            {.doc = "Language of the content (BCP 47).", .example = R"("en")"}),
      field("createdAt", &T::created_at,
            {.doc = "When the Template was made.", .format = Format::DateTime}),
      field("updatedAt", &T::updated_at,
            {.doc = "When the Template last changed.", .format = Format::DateTime}),
      field("defaultSegmentId", &T::default_segment_id,
            {.doc = "Id of the Segment it is usually sent to.",
             .format = Format::Uuid,
             .omit_empty = true}),
      field("source", &T::source, {.doc = "Where the Template came from.", .omit_empty = true}),
      field(
          "websiteId", &T::website_id,
          {.doc = "Id of the Website it belongs to.", .format = Format::Uuid, .omit_empty = true}),
      field("website", &T::website, {.doc = "The Website it belongs to.", .omit_empty = true}),
  };
};

template <>
struct Description<segmentflow::wire::TemplateDetail> {
  using T = segmentflow::wire::TemplateDetail;
  static constexpr std::string_view name = "TemplateDetail";
  static constexpr std::string_view doc = "A saved Email Template with its content.";
  static constexpr auto fields = std::tuple{
      field("id", &T::id,
            {.doc = "Id of the Template. Absent in a dry run, which makes none.",
             .format = Format::Uuid,
             .omit_empty = true}),
      field("organizationId", &T::organization_id,
            {.doc = "Id of the Organization.", .format = Format::Uuid}),
      field("key", &T::key,
            {.doc = "Key of the Template, usable as templateKey; null when it has none.",
             .example = R"("receipt-default")"}),
      field("name", &T::name, {.doc = "Name of the Template.", .untrusted = true}),
      field("type", &T::type, {.doc = "Channel of the Template.", .example = R"("Email")"}),
      field("status", &T::status, {.doc = "Archived Templates cannot be sent."}),
      field("purpose", &T::purpose,
            {.doc = "What the Template is for. Emails can be sent with Transactional ones."}),
      field(
          "isComplete", &T::is_complete,
          {.doc = "Whether the Template has all that a send needs, subject and sender included."}),
      field("senderProfileId", &T::sender_profile_id,
            {.doc = "Id of the SenderProfile used when a send names none, or null.",
             .format = Format::Uuid}),
      field("brandKitId", &T::brand_kit_id,
            {.doc = "Id of the Brand Kit, or null.", .format = Format::Uuid}),
      field("defaultSegmentId", &T::default_segment_id,
            {.doc = "Id of the Segment it is usually sent to, or null.", .format = Format::Uuid}),
      field("source", &T::source, {.doc = "Where the Template came from, or null."}),
      field("subType", &T::sub_type,
            {.doc = "A finer kind, for your own order.", .omit_empty = true}),
      field("language", &T::language,
            {.doc = "Language of the content (BCP 47).", .example = R"("en")"}),
      field("createdAt", &T::created_at,
            {.doc = "When the Template was made.", .format = Format::DateTime}),
      field("updatedAt", &T::updated_at,
            {.doc = "When the Template last changed.", .format = Format::DateTime}),
      field("definition", &T::definition,
            {.doc = "The content: from, subject, and body with root and elements. Expressions such "
                    "as {\"$state\": \"/data/orderId\"} show which data a send should give.",
             .json_kind = JsonKind::Object,
             .untrusted = true}),
      field("currentSnapshotId", &T::current_snapshot_id,
            {.doc = "Id of the frozen content that a send would use now.", .format = Format::Uuid}),
      field("etag", &T::etag,
            {.doc = "Names this state of the Template: give it as ifMatch with a change.",
             .example = R"("3")"}),
      field("problems", &T::problems,
            {.doc = "What is wrong or doubtful in the Template; empty when all is well."}),
      field("dryRun", &T::dry_run, segmentflow::wire::kDryRunRules),
  };
};

}  // namespace describe
