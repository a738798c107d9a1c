// From the engine's templates to those of the wire.
#pragma once

#include "core/templates/render/spec.hpp"
#include "core/templates/sender_check.hpp"
#include "core/templates/templates.hpp"
#include "schemas/templates.hpp"

namespace segmentflow {

// `has_sender`: whether the template's sender is one that emails can be sent with.
wire::TemplateListItem wire_template_item(const Template& t, bool has_sender);
// `usable`: the organisation's senders, which isComplete and problems depend on
// (core/templates/sender_check.hpp).
wire::TemplateDetail wire_template_detail(const TemplateDetail& detail,
                                          const std::vector<SenderProfile>& usable);

// The sender that a template with this definition names.
TemplateSender template_sender(const std::optional<Uuid>& sender_profile_id,
                               const describe::Json& definition);
wire::TemplateProblem wire_problem(const render::Finding& finding);

}  // namespace segmentflow
