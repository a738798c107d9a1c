#include "tools/templates.hpp"

#include <charconv>
#include <nlohmann/json.hpp>

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

Uuid id_in(const std::string& text) {
  return Uuid::parse(text).value_or(Uuid{});  // the description has checked the form
}

std::optional<Uuid> id_in(const std::optional<std::string>& text) {
  return text ? Uuid::parse(*text) : std::nullopt;
}

std::optional<std::string> name_of(const std::optional<wire::TemplatePurpose>& purpose) {
  if (!purpose) return std::nullopt;
  return std::string(describe::enum_name(*purpose));
}

DetailReply reply(const Result<TemplateDetail>& detail) {
  if (!detail) return tl::unexpected(detail.error());
  auto w = wire_template_detail(*detail);
  Answer::Headers headers = {{"ETag", "\"" + w.etag + "\""}};
  return Reply<wire::TemplateDetail>(std::move(w), std::move(headers));
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
  std::vector<wire::TemplateListItem> items;
  for (const Template& t : list_templates(tx, key.organization_id, filter)) {
    items.push_back(wire_template_item(t));
  }
  return items;
}

DetailReply retrieve(const Engine&, Transaction& tx, const ApiKey& key,
                     const wire::TemplateIdRequest& request) {
  return reply(retrieve_template(tx, key.organization_id, id_in(request.id)));
}

DetailReply create(const Engine& engine, Transaction& tx, const ApiKey& key,
                   const wire::TemplateCreateRequest& request) {
  NewTemplate wanted;
  wanted.key = request.key;
  wanted.name = request.name;
  if (request.purpose) wanted.purpose = *name_of(request.purpose);
  if (request.language) wanted.language = *request.language;
  wanted.sub_type = request.sub_type;
  wanted.sender_profile_id = id_in(request.sender_profile_id);
  wanted.definition = request.definition;
  return reply(create_template(tx, engine.ids, key.organization_id, wanted));
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

DetailReply update(const Engine& engine, Transaction& tx, const ApiKey& key,
                   const wire::TemplateUpdateRequest& request) {
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
                              id_in(request.sender_profile_id.value)};
  change.definition = request.definition;
  change.if_revision = revision_in(request.if_match);
  return reply(update_template(tx, engine.ids, key.organization_id, id_in(request.id), change));
}

DetailReply duplicate(const Engine& engine, Transaction& tx, const ApiKey& key,
                      const wire::TemplateDuplicateRequest& request) {
  return reply(duplicate_template(tx, engine.ids, key.organization_id, id_in(request.id),
                                  request.name, request.key));
}

DetailReply archive(const Engine&, Transaction& tx, const ApiKey& key,
                    const wire::TemplateIdRequest& request) {
  return reply(set_template_status(tx, key.organization_id, id_in(request.id), "Archived"));
}

DetailReply unarchive(const Engine&, Transaction& tx, const ApiKey& key,
                      const wire::TemplateIdRequest& request) {
  return reply(set_template_status(tx, key.organization_id, id_in(request.id), "Active"));
}

Result<Reply<wire::TemplateDeleted>> remove(const Engine&, Transaction& tx, const ApiKey& key,
                                            const wire::TemplateIdRequest& request) {
  const auto deleted = delete_template(tx, key.organization_id, id_in(request.id));
  if (!deleted) return tl::unexpected(deleted.error());
  return wire::TemplateDeleted{request.id, true};
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
           "included; read it with get_template.",
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
           "have. Find ids with list_templates; see how it looks with preview_template.",
       .hints = kReads,
       .resource = "segmentflow://templates/{id}",
       .listed_by = "templates.list",
       .versions = template_versions},
      retrieve);
}

Operation create_operation() {
  return change_operation<wire::TemplateCreateRequest, wire::TemplateDetail>(
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
       .body_bytes_max = kBodyBytesMax},
      create);
}

Operation update_operation() {
  return change_operation<wire::TemplateUpdateRequest, wire::TemplateDetail>(
      {.id = "templates.update",
       .method = "PUT",
       .path = "/api/v1/templates/{id}",
       .tool = "update_template",
       .scope = "templates:write",
       .title = "Change a template",
       .description =
           "Changes an email template: members that are absent stay, null clears, a definition "
           "replaces the whole old one. Give the etag that you read as ifMatch, so that nobody "
           "else's change is lost. Emails that were accepted already keep their old content. "
           "Look at problems in the answer, and at the result with preview_template.",
       .hints = {.read_only = false, .destructive = true, .idempotent = true, .open_world = false},
       .body_bytes_max = kBodyBytesMax},
      update);
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
           {.read_only = false, .destructive = false, .idempotent = false, .open_world = false}},
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
