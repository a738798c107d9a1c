// Wire types of the templates resource: list and retrieve.
// Sources: the v1 contract of GET /api/v1/templates and GET /api/v1/templates/{id}.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "schemas/describe/parse.hpp"

namespace segmentflow::wire {

enum class TemplateStatus { Active, Archived };
enum class TemplatePurpose { General, Newsletter, Promotional, Transactional, LeadMagnetDelivery };

struct TemplateListRequest {
  std::optional<std::vector<TemplateStatus>> status;
  std::optional<TemplatePurpose> purpose;
};

struct TemplateRetrieveRequest {
  std::string id;
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
  std::string id;
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
  std::string language;
  std::string created_at;
  std::string updated_at;
  describe::Json definition = describe::Json::object();
  std::optional<std::string> current_snapshot_id;
};

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
  };
};

template <>
struct Description<segmentflow::wire::TemplateRetrieveRequest> {
  using T = segmentflow::wire::TemplateRetrieveRequest;
  static constexpr std::string_view name = "TemplateRetrieveRequest";
  static constexpr std::string_view doc = "Which Template to read.";
  static constexpr auto fields = std::tuple{
      field("id", &T::id,
            {.doc = "Id of the Template.",
             .format = Format::Uuid,
             .example = R"("2c2f9e13-7d0a-4b10-9f4b-35f6d96d7a70")",
             .carried = Carried::Path}),
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
      field("name", &T::name, {.doc = "Name of the Template."}),
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
      field("id", &T::id, {.doc = "Id of the Template.", .format = Format::Uuid}),
      field("organizationId", &T::organization_id,
            {.doc = "Id of the Organization.", .format = Format::Uuid}),
      field("key", &T::key,
            {.doc = "Key of the Template, usable as templateKey; null when it has none.",
             .example = R"("receipt-default")"}),
      field("name", &T::name, {.doc = "Name of the Template."}),
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
      field("language", &T::language,
            {.doc = "Language of the content (BCP 47).", .example = R"("en")"}),
      field("createdAt", &T::created_at,
            {.doc = "When the Template was made.", .format = Format::DateTime}),
      field("updatedAt", &T::updated_at,
            {.doc = "When the Template last changed.", .format = Format::DateTime}),
      field("definition", &T::definition,
            {.doc = "The content: from, subject, and body with root and elements. Expressions such "
                    "as {\"$state\": \"/data/orderId\"} show which data a send should give.",
             .json_kind = JsonKind::Object}),
      field("currentSnapshotId", &T::current_snapshot_id,
            {.doc = "Id of the latest frozen content, or null before the first send.",
             .format = Format::Uuid}),
  };
};

}  // namespace describe
