#include "tools/templates.hpp"

#include <charconv>
#include <nlohmann/json.hpp>
#include <set>

#include "core/templates/template_changes.hpp"
#include "tools/template_preview.hpp"
#include "tools/template_wire.hpp"

namespace segmentflow {
namespace {

using describe::Json;

constexpr std::size_t kBodyBytesMax = wire::kTemplateDefinitionBytesMax + (64 << 10);
constexpr OperationHints kReads = {
    .read_only = true, .destructive = false, .idempotent = true, .open_world = false};

using DetailReply = Result<Reply<wire::TemplateDetail>>;

std::optional<Uuid> id_in(const std::optional<std::string>& text) {
  return text ? Uuid::parse(*text) : std::nullopt;
}

std::optional<std::string> name_of(const std::optional<wire::TemplatePurpose>& purpose) {
  if (!purpose) return std::nullopt;
  return std::string(describe::enum_name(*purpose));
}

DetailReply reply(Transaction& tx, const ApiKey& key, const Result<TemplateDetail>& detail) {
  if (!detail) return tl::unexpected(detail.error());
  auto w = wire_template_detail(*detail, usable_sender_profiles(tx, key.organization_id));
  Answer::Headers headers = {{"ETag", "\"" + w.etag + "\""}};
  return Reply<wire::TemplateDetail>(std::move(w), std::move(headers));
}

// A cursor is the place of the last template of a page.
constexpr char kCursorMark = 't';

std::string cursor_after(const Template& last) {
  return kCursorMark + std::to_string(last.place);
}

std::optional<std::int64_t> place_in(const std::string& cursor) {
  std::int64_t place = 0;
  const char* end = cursor.data() + cursor.size();
  if (cursor.front() != kCursorMark) return std::nullopt;
  const auto read = std::from_chars(cursor.data() + 1, end, place);
  return read.ec == std::errc{} && read.ptr == end ? std::optional(place) : std::nullopt;
}

// Definitions are large, and so read in parts.
constexpr std::size_t kDefinitionsAtOnce = 20;

// Those of the templates, complete otherwise, whose sender is none.
std::set<Uuid> lacking_sender(Transaction& tx, const Uuid& organization_id,
                              const std::vector<Template>& templates) {
  const auto usable = usable_sender_profiles(tx, organization_id);
  std::set<Uuid> lacking;
  std::vector<Uuid> unknown;
  const auto look = [&] {
    for (const auto& [id, text] : template_definitions(tx, organization_id, unknown)) {
      if (sender_finding(usable, template_sender({}, Json::parse(text)))) lacking.insert(id);
    }
    unknown.clear();
  };
  for (const Template& t : templates) {
    if (!t.is_complete) continue;
    if (t.sender_profile_id) {
      if (sender_finding(usable, {t.sender_profile_id, {}})) lacking.insert(t.id);
      continue;
    }
    unknown.push_back(t.id);
    if (unknown.size() == kDefinitionsAtOnce) look();
  }
  if (!unknown.empty()) look();
  return lacking;
}

Result<Reply<std::vector<wire::TemplateListItem>>> list(const Engine&, Transaction& tx,
                                                        const ApiKey& key,
                                                        const wire::TemplateListRequest& request) {
  TemplateFilter filter;
  if (request.status) {
    for (const auto status : *request.status)
      filter.statuses.emplace_back(describe::enum_name(status));
  }
  filter.purpose = name_of(request.purpose);
  if (request.cursor) {
    filter.before = place_in(*request.cursor);
    if (!filter.before) {
      return tl::unexpected(invalid_input(
          {{"/cursor",
            "This is no cursor of this list; take the one that the page before gave."}}));
    }
  }
  const auto limit = request.limit ? static_cast<std::size_t>(*request.limit) : SIZE_MAX - 1;
  filter.most = limit + 1;  // one more tells whether the list goes on
  auto templates = list_templates(tx, key.organization_id, filter);
  Answer::Headers headers;
  if (templates.size() > limit) {
    templates.resize(limit);
    headers.emplace_back(kNextCursorHeader, cursor_after(templates.back()));
  }
  const auto without_sender = lacking_sender(tx, key.organization_id, templates);
  std::vector<wire::TemplateListItem> items;
  for (const Template& t : templates) {
    items.push_back(wire_template_item(t, !without_sender.contains(t.id)));
  }
  return Reply<std::vector<wire::TemplateListItem>>(std::move(items), std::move(headers));
}

DetailReply retrieve(const Engine&, Transaction& tx, const ApiKey& key,
                     const wire::TemplateIdRequest& request) {
  const auto id = find_template(tx, key.organization_id, request.id);
  if (!id) return tl::unexpected(id.error());
  return reply(tx, key, retrieve_template(tx, key.organization_id, *id));
}

Result<CheckedDefinition> prepare_create(const wire::TemplateCreateRequest& request) {
  return check_definition(request.definition);
}

DetailReply create(const Engine& engine, Transaction& tx, const ApiKey& key,
                   const wire::TemplateCreateRequest& request,
                   const CheckedDefinition& definition) {
  NewTemplate wanted;
  wanted.key = request.key;
  wanted.name = request.name;
  if (request.purpose) wanted.purpose = *name_of(request.purpose);
  if (request.language) wanted.language = *request.language;
  wanted.sub_type = request.sub_type;
  wanted.sender_profile_id = id_in(request.sender_profile_id);
  wanted.definition = definition;
  return reply(tx, key, create_template(tx, engine.ids, key.organization_id, wanted));
}

// "*" is any state, as in HTTP; what is no etag of ours is that of no state.
std::optional<std::int64_t> revision_in(const std::optional<std::string>& etag) {
  if (!etag || *etag == "*") return std::nullopt;
  std::int64_t revision = 0;
  const char* end = etag->data() + etag->size();
  const auto read = std::from_chars(etag->data(), end, revision);
  return read.ec == std::errc{} && read.ptr == end ? revision : 0;
}

// Brand Kits and Segments cannot be made yet, so no id is one of theirs.
std::optional<Error> unknown_reference(const describe::Patch<std::string>& id, const char* path,
                                       const char* what) {
  if (id.state != describe::Patch<std::string>::State::Value) return std::nullopt;
  const std::string message = std::string("There is no ") + what + " with this id.";
  return Error{ErrorCode::NotFound, message, {{path, message}}};
}

using CheckedChange = std::optional<CheckedDefinition>;

Result<CheckedChange> prepare_update(const wire::TemplateUpdateRequest& request) {
  if (!request.definition) return CheckedChange();
  return check_definition(*request.definition).map([](CheckedDefinition checked) {
    return CheckedChange(std::move(checked));
  });
}

DetailReply update(const Engine& engine, Transaction& tx, const ApiKey& key,
                   const wire::TemplateUpdateRequest& request, const CheckedChange& definition) {
  if (auto error = unknown_reference(request.brand_kit_id, "/brandKitId", "Brand Kit")) {
    return tl::unexpected(std::move(*error));
  }
  if (auto error = unknown_reference(request.default_segment_id, "/defaultSegmentId", "Segment")) {
    return tl::unexpected(std::move(*error));
  }
  using Sender = describe::Patch<Uuid>;
  TemplateChange change;
  change.name = request.name;
  change.purpose = name_of(request.purpose);
  change.language = request.language;
  change.key = request.key;
  change.sub_type = request.sub_type;
  change.sender_profile_id = {static_cast<Sender::State>(request.sender_profile_id.state),
                              Uuid::parse(request.sender_profile_id.value).value_or(Uuid{})};
  change.definition = definition;
  change.if_revision = revision_in(request.if_match);
  const auto id = find_template(tx, key.organization_id, request.id);
  if (!id) return tl::unexpected(id.error());
  return reply(tx, key, update_template(tx, engine.ids, key.organization_id, *id, change));
}

DetailReply duplicate(const Engine& engine, Transaction& tx, const ApiKey& key,
                      const wire::TemplateDuplicateRequest& request) {
  const auto id = find_template(tx, key.organization_id, request.id);
  if (!id) return tl::unexpected(id.error());
  return reply(
      tx, key,
      duplicate_template(tx, engine.ids, key.organization_id, *id, request.name, request.key));
}

DetailReply set_status(Transaction& tx, const ApiKey& key, const wire::TemplateIdRequest& request,
                       std::string_view status) {
  const auto id = find_template(tx, key.organization_id, request.id);
  if (!id) return tl::unexpected(id.error());
  return reply(tx, key, set_template_status(tx, key.organization_id, *id, status));
}

DetailReply archive(const Engine&, Transaction& tx, const ApiKey& key,
                    const wire::TemplateIdRequest& request) {
  return set_status(tx, key, request, "Archived");
}

DetailReply unarchive(const Engine&, Transaction& tx, const ApiKey& key,
                      const wire::TemplateIdRequest& request) {
  return set_status(tx, key, request, "Active");
}

Result<Reply<wire::TemplateDeleted>> remove(const Engine&, Transaction& tx, const ApiKey& key,
                                            const wire::TemplateIdRequest& request) {
  const auto id = find_template(tx, key.organization_id, request.id);
  if (!id) return tl::unexpected(id.error());
  const auto deleted = delete_template(tx, key.organization_id, *id);
  if (!deleted) return tl::unexpected(deleted.error());
  return wire::TemplateDeleted{id->to_string(), true, {}};
}

Operation list_operation() {
  return read_operation<wire::TemplateListRequest, std::vector<wire::TemplateListItem>>(
      {.id = "templates.list",
       .method = "GET",
       .path = "/api/v1/templates",
       .tool = "list_templates",
       .scope = "templates:read",
       .title = "List templates",
       .description =
           "Lists the saved email templates with id, key, name, purpose, status and whether they "
           "are complete, newest first. Use it to find the templateId for send_email: that needs "
           "an Active, complete template with the purpose Transactional. The content is not "
           "included; read it with get_template. A long list comes in pages: give nextCursor as "
           "cursor.",
       .hints = kReads},
      list);
}

Operation retrieve_operation() {
  return read_operation<wire::TemplateIdRequest, wire::TemplateDetail>(
      {.id = "templates.retrieve",
       .method = "GET",
       .path = "/api/v1/templates/{id}",
       .tool = "get_template",
       .scope = "templates:read",
       .title = "Read one template",
       .description =
           "Reads one email template with its content: subject, sender, the body as a tree of "
           "elements, and what is wrong with it (problems). Values written as {\"$state\": "
           "\"/data/orderId\"} or ${/data/orderId} show which members send_email's data should "
           "have. Find ids and keys with list_templates; see how it looks with preview_template.",
       .hints = kReads,
       .resource = "segmentflow://templates/{id}",
       .listed_by = "templates.list",
       .versions = template_versions},
      retrieve);
}

Operation create_operation() {
  return prepared_change_operation<wire::TemplateCreateRequest, wire::TemplateDetail,
                                   CheckedDefinition>(
      {.id = "templates.create",
       .method = "POST",
       .path = "/api/v1/templates",
       .tool = "create_template",
       .scope = "templates:write",
       .title = "Create a template",
       .description =
           "Saves a new email template. Read describe_template_format first, and try the "
           "definition with preview_template. What is merely wrong inside is saved all the same "
           "and listed in problems, each with its path and how to mend it; a template with an "
           "Error (isComplete false) cannot be sent. For send_email give the purpose "
           "Transactional. To change a template use update_template.",
       .hints =
           {.read_only = false, .destructive = false, .idempotent = false, .open_world = false},
       .body_bytes_max = kBodyBytesMax,
       .makes_new = true},
      prepare_create, create);
}

Operation update_operation() {
  return prepared_change_operation<wire::TemplateUpdateRequest, wire::TemplateDetail,
                                   CheckedChange>(
      {.id = "templates.update",
       .method = "PUT",
       .path = "/api/v1/templates/{id}",
       .tool = "update_template",
       .scope = "templates:write",
       .title = "Change a template",
       .description =
           "Changes an email template: members that are absent stay, a definition replaces the "
           "whole "
           "old one. Give the etag that you read as ifMatch, so that nobody "
           "else's change is lost. Emails that were accepted already keep their old content. "
           "Look at problems in the answer, and at the result with preview_template.",
       .hints = {.read_only = false, .destructive = true, .idempotent = true, .open_world = false},
       .body_bytes_max = kBodyBytesMax},
      prepare_update, update);
}

Operation duplicate_operation() {
  return change_operation<wire::TemplateDuplicateRequest, wire::TemplateDetail>(
      {.id = "templates.duplicate",
       .method = "POST",
       .path = "/api/v1/templates/{id}/duplicate",
       .tool = "duplicate_template",
       .scope = "templates:write",
       .title = "Copy a template",
       .description =
           "Makes an Active copy of an email template under a name and key of its own, for "
           "example to try a new design while the original goes on being sent. Change the copy "
           "with update_template.",
       .hints =
           {.read_only = false, .destructive = false, .idempotent = false, .open_world = false},
       .makes_new = true},
      duplicate);
}

Operation archive_operation() {
  return change_operation<wire::TemplateIdRequest, wire::TemplateDetail>(
      {.id = "templates.archive",
       .method = "POST",
       .path = "/api/v1/templates/{id}/archive",
       .tool = "archive_template",
       .scope = "templates:write",
       .title = "Archive a template",
       .description =
           "Takes an email template out of use: no new email is accepted with it, those accepted "
           "already go out. unarchive_template brings it back. Prefer this to delete_template.",
       .hints = {.read_only = false, .destructive = true, .idempotent = true, .open_world = false}},
      archive);
}

Operation unarchive_operation() {
  return change_operation<wire::TemplateIdRequest, wire::TemplateDetail>(
      {.id = "templates.unarchive",
       .method = "POST",
       .path = "/api/v1/templates/{id}/unarchive",
       .tool = "unarchive_template",
       .scope = "templates:write",
       .title = "Bring back an archived template",
       .description = "Makes an archived email template Active again, so that emails can be sent "
                      "with it.",
       .hints =
           {.read_only = false, .destructive = false, .idempotent = true, .open_world = false}},
      unarchive);
}

Operation delete_operation() {
  return change_operation<wire::TemplateIdRequest, wire::TemplateDeleted>(
      {.id = "templates.delete",
       .method = "DELETE",
       .path = "/api/v1/templates/{id}",
       .tool = "delete_template",
       .scope = "templates:write",
       .title = "Delete a template",
       .description =
           "Deletes an email template for good. Refused while emails made of it wait to be "
           "delivered. Its name and key are free again; records of sent emails stay. When in "
           "doubt use archive_template, which can be undone.",
       .hints = {.read_only = false, .destructive = true, .idempotent = true, .open_world = false}},
      remove);
}

}  // namespace

std::vector<Operation> template_operations() {
  return {list_operation(),           retrieve_operation(),  create_operation(),
          update_operation(),         duplicate_operation(), archive_operation(),
          unarchive_operation(),      delete_operation(),    preview_template_operation(),
          describe_format_operation()};
}

}  // namespace segmentflow
