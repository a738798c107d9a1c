#include "core/templates/render/format.hpp"

#include <array>
#include <nlohmann/json.hpp>
#include <vector>

#include "core/templates/render/expression.hpp"

namespace segmentflow::render {
namespace {

constexpr std::string_view kOverview =
    "A body is {\"root\": key, \"elements\": {key: element}, \"state\"?: defaults}. An element is "
    "{\"type\": a component, \"props\": {...}, \"children\"?: [keys], \"visible\"?: condition, "
    "\"repeat\"?: {\"statePath\": \"/data/items\"}}. The tree is flat: children are keys of other "
    "elements, and visible, repeat and children stand beside props, never inside it. A repeated "
    "element is shown once for each item of the array; its children read the item by $item, its "
    "own "
    "props and visible do not. For a repeat inside a repeat, statePath is {\"$item\": \"path\"}. "
    "Paths are JSON Pointers into the state. Text is escaped: no HTML can be written in it.";

constexpr std::array<FormatRule, 9> kExpressions = {{
    {R"({"$state": "/data/orderId"})", "The value at the path; nothing when it is missing."},
    {R"({"$template": "Order ${/data/orderId}"})",
     "A text with values in it, from the root of the state. In href and src, values after the very "
     "start are percent-encoded."},
    {R"({"$item": "name"})", "A field of the repeat's item; \"\" is the item itself."},
    {R"({"$index": true})", "The position of the repeat's item, from 0."},
    {R"({"$cond": {"$state": "/data/vip"}, "$then": "Dear member", "$else": "Hello"})",
     "One of two values, by a condition. All three members are needed."},
    {R"({"$computed": "upper", "args": {"value": {"$state": "/data/code"}}})",
     "The result of a function."},
    {R"({"$bindState": "/data/orderId"})", "As $state."},
    {R"({"$bindItem": "name"})", "As $item, without a leading slash."},
    {R"(["a", {"$state": "/data/b"}])", "Arrays and objects may hold expressions at any depth."},
}};

constexpr std::array<FormatRule, 8> kConditions = {{
    {"true", "Always; false never."},
    {R"({"$state": "/data/vip"})", "Whether the value is truthy, as in JavaScript."},
    {R"({"$state": "/data/vip", "not": true})", "The opposite."},
    {R"({"$state": "/data/plan", "eq": "pro"})", "Whether it equals; neq: whether it does not."},
    {R"({"$state": "/data/total", "gte": 100})", "Compares numbers: gt, gte, lt, lte."},
    {R"({"$item": "price", "gt": {"$state": "/data/limit"}})",
     "Of the repeat's item, against a value of the state; $index works too."},
    {R"([{"$state": "/data/a"}, {"$state": "/data/b"}])", "All of them."},
    {R"({"$or": [{"$state": "/data/a"}, {"$state": "/data/b"}]})", "Any of them; $and: all."},
}};

constexpr std::array<FormatRule, 4> kState = {{
    {R"("/data")", "What send_email's data gives."},
    {R"("/profile")",
     "Properties of the recipient's Profile; also /profile/email and /profile/id."},
    {R"("/event")", "The data of the event, in emails that a journey sends."},
    {R"("/brand")", "The values of the Organization's default Brand Kit."},
}};

constexpr std::string_view kExample = R"({
  "subject": "Your receipt ${/data/orderId}",
  "preheader": "Thank you, ${/profile/firstName}",
  "body": {
    "root": "html",
    "elements": {
      "html": {"type": "Html", "props": {"lang": "en"}, "children": ["body"]},
      "body": {"type": "Body", "props": {"style": {"fontFamily": "sans-serif"}},
        "children": ["main"]},
      "main": {"type": "Container", "props": {}, "children": ["title", "rows", "thanks"]},
      "title": {"type": "Heading", "props": {"as": "h1",
        "text": {"$template": "Order ${/data/orderId}"}}},
      "rows": {"type": "Row", "props": {}, "repeat": {"statePath": "/data/items"},
        "children": ["name", "price"]},
      "name": {"type": "Column", "props": {}, "children": ["nameText"]},
      "nameText": {"type": "Text", "props": {"text": {"$item": "name"}}},
      "price": {"type": "Column", "props": {"style": {"textAlign": "right"}},
        "children": ["priceText"]},
      "priceText": {"type": "Text", "props": {"text": {"$item": "price"}}},
      "thanks": {"type": "Text", "props": {"text": "Thank you."},
        "visible": {"$state": "/data/paid"}}
    }
  },
  "renderVariables": {
    "data": {"orderId": "ord_1", "paid": true, "items": [{"name": "Tea", "price": "4.50"}]},
    "profile": {"firstName": "Alex"}
  }
})";

std::vector<FormatRule> make_function_rules() {
  std::vector<FormatRule> rules;
  for (const FunctionRule& rule : function_table()) rules.push_back({rule.form, rule.doc});
  return rules;
}

Json any_of_types(std::initializer_list<const char*> types) {
  Json list = Json::array();
  for (const char* type : types) list.push_back(type);
  return Json{{"type", std::move(list)}};
}

Json prop_schema(PropKind kind) {
  switch (kind) {
    case PropKind::Text:
      return any_of_types({"string", "number", "array", "object"});
    case PropKind::String:
    case PropKind::Url:
      return any_of_types({"string", "object"});
    case PropKind::Size:
      return any_of_types({"number", "string", "object"});
    case PropKind::Level:
      return Json{{"enum", {"h1", "h2", "h3", "h4", "h5", "h6"}}};
    case PropKind::Direction:
      return Json{{"enum", {"ltr", "rtl"}}};
    case PropKind::Style:
    case PropKind::Styles:
      break;
  }
  return any_of_types({"object", "null"});
}

}  // namespace

std::string_view format_overview() {
  return kOverview;
}

std::span<const FormatRule> expression_rules() {
  return kExpressions;
}

std::span<const FormatRule> condition_rules() {
  return kConditions;
}

std::span<const FormatRule> function_rules() {
  static const std::vector<FormatRule> rules = make_function_rules();
  return rules;
}

std::span<const FormatRule> state_rules() {
  return kState;
}

Json props_schema(const ComponentRule& rule) {
  Json schema = Json::object();
  schema["type"] = "object";
  schema["properties"] = Json::object();
  Json required = Json::array();
  for (const PropRule& prop : rule.props) {
    Json property = prop_schema(prop.kind);
    property["description"] = std::string(prop.doc);
    schema["properties"][std::string(prop.name)] = std::move(property);
    if (prop.is_required) required.push_back(std::string(prop.name));
  }
  if (!required.empty()) schema["required"] = std::move(required);
  schema["additionalProperties"] = false;
  return schema;
}

Json limits_json(const Budget& budget) {
  return Json{{"depth", budget.depth_max},
              {"elements", budget.elements_max},
              {"styleDeclarations", budget.style_declarations_max},
              {"repeatItems", budget.repeat_items_max},
              {"outputBytes", budget.output_bytes_max},
              {"memoryBytes", budget.memory_bytes_max},
              {"work", budget.work_max},
              {"subjectValues", budget.line_values_max}};
}

std::string_view format_example() {
  return kExample;
}

}  // namespace segmentflow::render
