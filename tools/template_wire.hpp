// From the engine's templates to those of the wire.
#pragma once

#include "core/templates/render/spec.hpp"
#include "core/templates/templates.hpp"
#include "schemas/templates.hpp"

namespace segmentflow {

wire::TemplateListItem wire_template_item(const Template& t);
wire::TemplateDetail wire_template_detail(const TemplateDetail& detail);
wire::TemplateProblem wire_problem(const render::Finding& finding);

}  // namespace segmentflow
