#include "tools/template_preview.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/brand/brand_kits.hpp"
#include "core/templates/preview.hpp"
#include "core/templates/render/format.hpp"
#include "core/templates/templates.hpp"
#include "schemas/template_preview.hpp"
#include "tools/render_operation.hpp"
#include "tools/template_wire.hpp"

namespace segmentflow {
namespace {

using describe::Json;

// What is previewed, where its problems stand in the request, and what it is previewed with.
struct Subject {
  std::string stored;  // the definition as it is saved; "" for one in the request
  std::string path;
  std::optional<Uuid> sender_profile_id;
  std::optional<std::string> brand;
  std::vector<SenderProfile> senders;
};

Result<Subject> definition_of(Transaction& tx, const ApiKey& key,
                              const wire::TemplatePreviewRequest& request) {
  const int given = request.template_id.has_value() + request.template_key.has_value() +
                    request.definition.has_value();
  if (given != 1) {
    constexpr const char* kEither =
        "Give either templateId (or templateKey) of a saved template, or a definition.";
    return fail(ErrorCode::ValidationFailed, kEither, {{"/definition", kEither}});
  }
  if (request.definition) return Subject{"", "/definition", {}, {}, {}};
  const std::string path = request.template_id ? "/templateId" : "/templateKey";
  auto detail =
      find_template(tx, key.organization_id,
                    request.template_id ? *request.template_id : *request.template_key)
          .and_then([&](const Uuid& id) { return retrieve_template(tx, key.organization_id, id); });
  if (!detail) {
    for (auto& problem : detail.error().problems) problem.path = path;
    return tl::unexpected(std::move(detail.error()));
  }
  return Subject{std::move(detail->definition),
                 path + "/definition",
                 detail->template_.sender_profile_id,
                 {},
                 {}};
}

Result<Subject> load_subject(const Engine&, Transaction& tx, const ApiKey& key,
                             const wire::TemplatePreviewRequest& request) {
  auto subject = definition_of(tx, key, request);
  if (!subject) return subject;
  const auto brands = default_brands(tx, {key.organization_id});
  const auto found = brands.find(key.organization_id);
  if (found != brands.end()) subject->brand = found->second;
  subject->senders = usable_sender_profiles(tx, key.organization_id);
  return subject;
}

Error at_path(Error error, const std::string& path) {
  for (auto& problem : error.problems) problem.path = path + problem.path;
  return error;
}

const Json* root(const std::optional<Json>& value) {
  return value ? &*value : nullptr;
}

Result<Reply<wire::TemplatePreview>> preview(const wire::TemplatePreviewRequest& request,
                                             const Subject& subject) {
  const auto compiled =
      compile_template(request.definition ? *request.definition : Json::parse(subject.stored));
  if (!compiled) return tl::unexpected(at_path(compiled.error(), subject.path));
  const wire::TemplateState given = request.state.value_or(wire::TemplateState{});
  const std::optional<Json> brand =
      subject.brand ? std::optional(Json::parse(*subject.brand)) : std::nullopt;
  auto made = preview_template(
      *compiled, {root(given.data), root(given.profile), root(given.event), root(brand)});
  if (!made) return tl::unexpected(at_path(std::move(made.error()), subject.path));
  wire::TemplatePreview w;
  w.subject = std::move(made->subject);
  w.html_bytes = static_cast<std::int64_t>(made->html.size());
  if (!request.omit_html.value_or(false)) w.html = std::move(made->html);
  w.text = std::move(made->text);
  const auto sender = sender_finding(subject.senders, {subject.sender_profile_id, compiled->from});
  w.is_complete = compiled->is_complete() && !sender;
  for (auto& variable : made->variables) {
    w.variables.push_back({std::move(variable.path), variable.is_missing});
  }
  for (const auto& finding : made->findings) w.problems.push_back(wire_problem(finding));
  if (sender) w.problems.push_back(wire_problem(*sender));
  return w;
}

std::vector<wire::TemplateFormatRule> wire_rules(std::span<const render::FormatRule> rules) {
  std::vector<wire::TemplateFormatRule> list;
  for (const auto& rule : rules) {
    list.push_back({std::string(rule.form), std::string(rule.meaning)});
  }
  return list;
}

Result<Reply<wire::TemplateFormat>> describe_format(const Engine&, Transaction&, const ApiKey&,
                                                    const wire::TemplateFormatRequest&) {
  wire::TemplateFormat w;
  w.overview = render::format_overview();
  for (const auto& rule : render::component_catalog()) {
    w.components.push_back({std::string(rule.name), std::string(rule.doc), rule.takes_children,
                            render::props_schema(rule), Json::parse(rule.example)});
  }
  w.expressions = wire_rules(render::expression_rules());
  w.conditions = wire_rules(render::condition_rules());
  w.functions = wire_rules(render::function_rules());
  w.state = wire_rules(render::state_rules());
  w.limits = render::limits_json(render::Budget{});
  w.example = Json::parse(render::format_example());
  return w;
}

constexpr OperationHints kReads = {
    .read_only = true, .destructive = false, .idempotent = true, .open_world = false};

}  // namespace

Operation preview_template_operation() {
  return render_operation<wire::TemplatePreviewRequest, Subject, wire::TemplatePreview>(
      {.id = "templates.preview",
       .method = "POST",
       .path = "/api/v1/templates/preview",
       .tool = "preview_template",
       .scope = "templates:read",
       .title = "See how a template looks",
       .description =
           "Renders a saved template (by id or key), or a definition that is not saved yet, with "
           "sample values: "
           "subject, HTML and text, which paths it reads and which of them the values lack, and "
           "what is wrong or doubtful (broken elements, large HTML, pictures without alt text, "
           "http links). Nothing is sent or saved. Use it before create_template, "
           "update_template and a first send_email; omitHtml keeps the answer short.",
       .hints = kReads,
       .body_bytes_max = 2 << 20},
      load_subject, preview);
}

Operation describe_format_operation() {
  return read_operation<wire::TemplateFormatRequest, wire::TemplateFormat>(
      {.id = "templates.schema",
       .method = "GET",
       .path = "/api/v1/templates/schema",
       .tool = "describe_template_format",
       .scope = "templates:read",
       .title = "Learn how templates are written",
       .description =
           "Explains how the body of an email template is written: all components with their "
           "props and an example, the expressions that fill in values, conditions, functions, the "
           "roots of the state, limits, and one whole example. Read it once before you write a "
           "definition for create_template or update_template.",
       .hints = kReads},
      describe_format);
}

}  // namespace segmentflow
