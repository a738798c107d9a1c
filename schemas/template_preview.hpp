// Wire types of templates.preview and templates.schema, which the v1 contract does not have.
#pragma once

#include "schemas/templates.hpp"

namespace segmentflow::wire {

inline constexpr std::size_t kPreviewStateBytesMax = 256 * 1024;
inline constexpr std::size_t kPreviewStateDepthMax = 32;

struct TemplateState {
  std::optional<describe::Json> data;
  std::optional<describe::Json> profile;
  std::optional<describe::Json> event;
};

struct TemplatePreviewRequest {
  std::optional<std::string> template_id;
  std::optional<std::string> template_key;
  std::optional<describe::Json> definition;
  std::optional<TemplateState> state;
  std::optional<bool> omit_html;
};

struct TemplateVariable {
  std::string path;
  bool missing = false;
};

struct TemplatePreview {
  std::string subject;
  std::optional<std::string> html;
  std::string text;
  std::int64_t html_bytes = 0;
  bool is_complete = false;
  std::vector<TemplateVariable> variables;
  std::vector<TemplateProblem> problems;
};

struct TemplateFormatRequest {};

struct TemplateComponent {
  std::string type;
  std::string description;
  bool takes_children = false;
  describe::Json props = describe::Json::object();
  describe::Json example = describe::Json::object();
};

struct TemplateFormatRule {
  std::string form;
  std::string meaning;
};

struct TemplateFormat {
  std::string overview;
  std::vector<TemplateComponent> components;
  std::vector<TemplateFormatRule> expressions;
  std::vector<TemplateFormatRule> conditions;
  std::vector<TemplateFormatRule> functions;
  std::vector<TemplateFormatRule> state;
  describe::Json limits = describe::Json::object();
  describe::Json example = describe::Json::object();
};

}  // namespace segmentflow::wire

namespace segmentflow::wire {

constexpr describe::FieldRules state_root_rules(std::string_view doc, std::string_view example) {
  return {.doc = doc,
          .example = example,
          .json_kind = describe::JsonKind::Object,
          .json_bytes_max = kPreviewStateBytesMax,
          .json_depth_max = kPreviewStateDepthMax};
}

}  // namespace segmentflow::wire

namespace describe {

template <>
struct Description<segmentflow::wire::TemplateState> {
  using T = segmentflow::wire::TemplateState;
  static constexpr std::string_view name = "TemplateState";
  static constexpr std::string_view doc = "The values that paths lead to.";
  static constexpr auto fields = std::tuple{
      field("data", &T::data,
            segmentflow::wire::state_root_rules("What send_email's data would be.",
                                                R"({"orderId": "ord_1"})")),
      field("profile", &T::profile,
            segmentflow::wire::state_root_rules("Properties of the recipient's Profile.",
                                                R"({"firstName": "Alex"})")),
      field("event", &T::event,
            segmentflow::wire::state_root_rules("The data of the event, for emails of journeys.",
                                                R"({"plan": "pro"})")),
  };
};

template <>
struct Description<segmentflow::wire::TemplatePreviewRequest> {
  using T = segmentflow::wire::TemplatePreviewRequest;
  static constexpr std::string_view name = "TemplatePreviewRequest";
  static constexpr std::string_view doc = "What to render, and with which values.";
  static constexpr auto fields = std::tuple{
      field("templateId", &T::template_id,
            {.doc = "Id or key of a saved Template. Give this or definition.",
             .length_min = 1,
             .length_max = segmentflow::wire::kTemplateReferenceLengthMax,
             .check = is_one_line,
             .check_says = "A Template is named by its id or its key.",
             .example = R"("2c2f9e13-7d0a-4b10-9f4b-35f6d96d7a70")"}),
      field("templateKey", &T::template_key,
            {.doc = "Its key, instead of templateId.",
             .length_min = 1,
             .length_max = segmentflow::wire::kTemplateReferenceLengthMax,
             .check = is_one_line,
             .check_says = "A Template is named by its id or its key.",
             .example = R"("receipt-default")"}),
      field("definition", &T::definition, segmentflow::wire::kTemplateDefinitionRules),
      field("state", &T::state,
            {.doc = "Sample values. A root that is omitted is taken from the definition's "
                    "renderVariables, then from its body.state."}),
      field("omitHtml", &T::omit_html,
            {.doc = "Leave the HTML out of the answer; the text tells what it says.",
             .default_text = "false"}),
  };
};

template <>
struct Description<segmentflow::wire::TemplateVariable> {
  using T = segmentflow::wire::TemplateVariable;
  static constexpr std::string_view name = "TemplateVariable";
  static constexpr std::string_view doc = "A path that the Template reads.";
  static constexpr auto fields = std::tuple{
      field("path", &T::path, {.doc = "The path.", .example = R"("/data/orderId")"}),
      field("missing", &T::missing, {.doc = "Whether the given values have nothing there."}),
  };
};

template <>
struct Description<segmentflow::wire::TemplatePreview> {
  using T = segmentflow::wire::TemplatePreview;
  static constexpr std::string_view name = "TemplatePreview";
  static constexpr std::string_view doc = "A rendered message that was not sent.";
  static constexpr auto fields = std::tuple{
      field("subject", &T::subject, {.doc = "The subject.", .untrusted = true}),
      field("html", &T::html, {.doc = "The HTML part.", .omit_empty = true, .untrusted = true}),
      field("text", &T::text, {.doc = "The plain-text part.", .untrusted = true}),
      field("htmlBytes", &T::html_bytes, {.doc = "Size of the HTML part."}),
      field("isComplete", &T::is_complete, {.doc = "Whether a Template with it can be sent."}),
      field("variables", &T::variables, {.doc = "All paths that it reads."}),
      field("problems", &T::problems,
            {.doc = "What is wrong or doubtful in the definition and in this rendering."}),
  };
};

template <>
struct Description<segmentflow::wire::TemplateFormatRequest> {
  static constexpr std::string_view name = "TemplateFormatRequest";
  static constexpr std::string_view doc = "Takes nothing.";
  static constexpr auto fields = std::tuple{};
};

template <>
struct Description<segmentflow::wire::TemplateComponent> {
  using T = segmentflow::wire::TemplateComponent;
  static constexpr std::string_view name = "TemplateComponent";
  static constexpr std::string_view doc = "A component that elements can be.";
  static constexpr auto fields = std::tuple{
      field("type", &T::type, {.doc = "The element's type."}),
      field("description", &T::description, {.doc = "What it is."}),
      field("takesChildren", &T::takes_children, {.doc = "Whether it shows its children."}),
      field("props", &T::props,
            {.doc = "JSON Schema of its props.", .json_kind = JsonKind::Object}),
      field("example", &T::example, {.doc = "An element.", .json_kind = JsonKind::Object}),
  };
};

template <>
struct Description<segmentflow::wire::TemplateFormatRule> {
  using T = segmentflow::wire::TemplateFormatRule;
  static constexpr std::string_view name = "TemplateFormatRule";
  static constexpr std::string_view doc = "A form and its meaning.";
  static constexpr auto fields = std::tuple{
      field("form", &T::form, {.doc = "How it is written, as JSON."}),
      field("meaning", &T::meaning, {.doc = "What it gives."}),
  };
};

template <>
struct Description<segmentflow::wire::TemplateFormat> {
  using T = segmentflow::wire::TemplateFormat;
  static constexpr std::string_view name = "TemplateFormat";
  static constexpr std::string_view doc = "How the body of a Template is written.";
  static constexpr auto fields = std::tuple{
      field("overview", &T::overview, {.doc = "The format in a few sentences."}),
      field("components", &T::components, {.doc = "All components."}),
      field("expressions", &T::expressions, {.doc = "What may stand in place of a prop's value."}),
      field("conditions", &T::conditions, {.doc = "What visible and $cond may be."}),
      field("functions", &T::functions, {.doc = "What $computed may call, with its args."}),
      field("state", &T::state, {.doc = "The roots of paths."}),
      field("limits", &T::limits,
            {.doc = "What a template may cost.", .json_kind = JsonKind::Object}),
      field("example", &T::example, {.doc = "A whole definition.", .json_kind = JsonKind::Object}),
  };
};

}  // namespace describe
