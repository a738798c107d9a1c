#include "tools/template_wire.hpp"

#include <nlohmann/json.hpp>

namespace segmentflow {
namespace {

using describe::Json;

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

wire::TemplateProblemSeverity wire_severity(std::string_view name) {
  return describe::enum_of<wire::TemplateProblemSeverity>(name).value();
}

wire::TemplateProblem stored_problem(const Json& problem) {
  return {problem.at("code").get<std::string>(),
          wire_severity(problem.at("severity").get_ref<const std::string&>()),
          problem.at("path").get<std::string>(), problem.at("message").get<std::string>()};
}

}  // namespace

wire::TemplateListItem wire_template_item(const Template& t, bool has_sender) {
  auto w = wire_template<wire::TemplateListItem>(t);
  w.is_complete = w.is_complete && has_sender;
  return w;
}

TemplateSender template_sender(const std::optional<Uuid>& sender_profile_id,
                               const Json& definition) {
  const auto from = definition.find("from");
  if (from == definition.end() || !from->is_string()) return {sender_profile_id, std::nullopt};
  auto address = parse_address(from->get_ref<const std::string&>());
  return {sender_profile_id, address ? std::optional(std::move(*address)) : std::nullopt};
}

wire::TemplateDetail wire_template_detail(const TemplateDetail& detail,
                                          const std::vector<SenderProfile>& usable) {
  const Template& t = detail.template_;
  auto w = wire_template<wire::TemplateDetail>(t);
  if (t.sender_profile_id) w.sender_profile_id = t.sender_profile_id->to_string();
  w.sub_type = t.sub_type;
  w.definition = Json::parse(detail.definition);
  w.current_snapshot_id = t.snapshot_id.to_string();
  w.etag = std::to_string(t.revision);
  for (const Json& problem : Json::parse(t.problems)) w.problems.push_back(stored_problem(problem));
  const auto finding = sender_finding(usable, template_sender(t.sender_profile_id, w.definition));
  if (finding) {
    w.problems.push_back(wire_problem(*finding));
    w.is_complete = false;
  }
  if (w.purpose == wire::TemplatePurpose::General) {
    w.problems.push_back(
        {"general_purpose", wire::TemplateProblemSeverity::Warning, "/purpose",
         "The purpose is General, and no single email can be sent with it. Give the purpose "
         "Transactional where send_email shall use the template."});
  }
  return w;
}

wire::TemplateProblem wire_problem(const render::Finding& finding) {
  return {finding.code, wire_severity(render::to_string(finding.severity)), finding.path,
          finding.message};
}

}  // namespace segmentflow
