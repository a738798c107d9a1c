#include "tools/templates.hpp"

#include <nlohmann/json.hpp>

#include "core/templates/templates.hpp"
#include "schemas/templates.hpp"

namespace segmentflow {
namespace {

// The channel of a template; there is one.
constexpr std::string_view kTypeEmail = "Email";

// What list items and details share.
template <class Wire>
Wire wire_template(const Template& t) {
  Wire w;
  w.id = t.id.to_string();
  w.organization_id = t.organization_id.to_string();
  w.key = t.key;
  w.name = t.name;
  w.type = kTypeEmail;
  w.status = describe::enum_of<wire::TemplateStatus>(t.status).value();
  w.purpose = describe::enum_of<wire::TemplatePurpose>(t.purpose).value();
  w.is_complete = t.is_complete;
  w.language = t.language;
  w.created_at = to_iso8601(t.created_at);
  w.updated_at = to_iso8601(t.updated_at);
  return w;
}

Result<std::vector<wire::TemplateListItem>> list(const Engine&, Transaction& tx, const ApiKey& key,
                                                 const wire::TemplateListRequest& request) {
  TemplateFilter filter;
  if (request.status) {
    for (const auto status : *request.status)
      filter.statuses.emplace_back(describe::enum_name(status));
  }
  if (request.purpose) filter.purpose = describe::enum_name(*request.purpose);
  std::vector<wire::TemplateListItem> items;
  for (const Template& t : list_templates(tx, key.organization_id, filter)) {
    items.push_back(wire_template<wire::TemplateListItem>(t));
  }
  return items;
}

Result<wire::TemplateDetail> retrieve(const Engine&, Transaction& tx, const ApiKey& key,
                                      const wire::TemplateRetrieveRequest& request) {
  const auto id = Uuid::parse(request.id).value_or(Uuid{});
  return retrieve_template(tx, key.organization_id, id).map([](const TemplateDetail& detail) {
    auto w = wire_template<wire::TemplateDetail>(detail.template_);
    if (detail.template_.sender_profile_id) {
      w.sender_profile_id = detail.template_.sender_profile_id->to_string();
    }
    w.definition = describe::Json::parse(detail.definition);
    w.current_snapshot_id = detail.template_.snapshot_id.to_string();
    return w;
  });
}

}  // namespace

std::vector<Operation> template_operations() {
  return {
      read_operation<wire::TemplateListRequest, std::vector<wire::TemplateListItem>>(
          {.id = "templates.list",
           .method = "GET",
           .path = "/api/v1/templates",
           .tool = "list_templates",
           .scope = "templates:read",
           .title = "List templates",
           .description = "Lists the saved email templates with id, key, name, purpose, status and "
                          "whether they are "
                          "complete, newest first. Use it to find the templateId for send_email: "
                          "that needs an "
                          "Active, complete template with the purpose Transactional. The content "
                          "is not included; "
                          "read it with get_template.",
           .hints =
               {.read_only = true, .destructive = false, .idempotent = true, .open_world = false}},
          list),
      read_operation<wire::TemplateRetrieveRequest, wire::TemplateDetail>(
          {.id = "templates.retrieve",
           .method = "GET",
           .path = "/api/v1/templates/{id}",
           .tool = "get_template",
           .scope = "templates:read",
           .title = "Read one template",
           .description =
               "Reads one email template with its content: subject, sender, and the body as a tree "
               "of "
               "elements. Values written as {\"$state\": \"/data/orderId\"} or ${/data/orderId} "
               "show "
               "which members send_email's data should have. Find ids with list_templates.",
           .hints =
               {.read_only = true, .destructive = false, .idempotent = true, .open_world = false}},
          retrieve),
  };
}

}  // namespace segmentflow
