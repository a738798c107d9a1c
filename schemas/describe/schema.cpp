#include <nlohmann/json.hpp>
#include <stdexcept>

#include "schemas/describe/parse.hpp"

namespace describe {
namespace {

Json value_schema(const Type& type, const FieldRules& rules, Direction direction);

Json of_type(std::string_view name) {
  return Json{{"type", std::string(name)}};
}

// A description is the program's own: text that is no JSON is a defect.
Json own_json(std::string_view text) {
  auto value = parse_json(text);
  if (!value)
    throw std::logic_error("describe: an example or default is no JSON: " + std::string(text));
  return std::move(*value);
}

std::string_view format_name(Format format) {
  switch (format) {
    case Format::None:
      return {};
    case Format::Uuid:
      return "uuid";
    case Format::Email:
      return "email";
    case Format::Uri:
      return "uri";
    case Format::DateTime:
      return "date-time";
  }
  return {};
}

Json string_schema(const FieldRules& rules) {
  Json schema = of_type("string");
  if (const auto format = format_name(rules.format); !format.empty()) {
    schema["format"] = std::string(format);
  }
  if (rules.length_min > 0) schema["minLength"] = rules.length_min;
  if (rules.length_max != SIZE_MAX) schema["maxLength"] = rules.length_max;
  if (!rules.pattern.empty()) schema["pattern"] = std::string(rules.pattern);
  return schema;
}

Json integer_schema(const FieldRules& rules) {
  Json schema = of_type("integer");
  if (rules.value_min != INT64_MIN) schema["minimum"] = rules.value_min;
  if (rules.value_max != INT64_MAX) schema["maximum"] = rules.value_max;
  return schema;
}

Json enum_schema(const Type& type) {
  Json schema = of_type("string");
  for (const auto name : type.enum_names) schema["enum"].push_back(std::string(name));
  return schema;
}

Json array_schema(const Type& type, const FieldRules& rules, Direction direction) {
  Json schema = of_type("array");
  schema["items"] = value_schema(*type.element, rules, direction);
  if (rules.items_min > 0) schema["minItems"] = rules.items_min;
  if (rules.items_max != SIZE_MAX) schema["maxItems"] = rules.items_max;
  return schema;
}

Json any_schema(const FieldRules& rules, Direction direction) {
  if (rules.published_type != nullptr) return schema_of(rules.published_type(), direction);
  if (rules.json_kind == JsonKind::Object) return of_type("object");
  if (rules.json_kind == JsonKind::Array) return of_type("array");
  return Json::object();
}

// Makes a schema accept null too. A list of types would say the same in fewer words, but clients
// that lower schemas to a dialect with one type each drop or refuse it.
void admit_null(Json& schema) {
  if (schema.empty()) return;  // it accepts everything
  if (!schema.contains("anyOf")) schema = Json{{"anyOf", Json::array({std::move(schema)})}};
  schema["anyOf"].push_back(of_type("null"));
}

bool always_there(const Field& field, Direction direction) {
  if (field.presence == Presence::Required) return true;
  return direction == Direction::Output && field.presence == Presence::Optional &&
         !field.rules.omit_empty;
}

bool may_be_null(const Field& field, Direction direction) {
  if (field.presence == Presence::Patch) return true;
  return direction == Direction::Output && field.presence == Presence::Optional &&
         !field.rules.omit_empty;
}

Json field_schema(const Field& field, Direction direction) {
  Json schema = value_schema(*field.type, field.rules, direction);
  if (may_be_null(field, direction)) admit_null(schema);
  if (!field.rules.doc.empty()) schema["description"] = std::string(field.rules.doc);
  if (!field.rules.default_text.empty()) schema["default"] = own_json(field.rules.default_text);
  if (!field.rules.example.empty()) {
    schema["examples"] = Json::array({own_json(field.rules.example)});
  }
  return schema;
}

Json object_schema(const Type& type, Direction direction) {
  Json schema = of_type("object");
  if (!type.doc.empty()) schema["description"] = std::string(type.doc);
  Json properties = Json::object();
  Json required = Json::array();
  for (const Field& field : type.fields) {
    properties[std::string(field.name)] = field_schema(field, direction);
    if (always_there(field, direction)) required.push_back(std::string(field.name));
  }
  schema["properties"] = std::move(properties);
  if (!required.empty()) schema["required"] = std::move(required);
  schema["additionalProperties"] = false;
  return schema;
}

Json one_or_many_schema(const Type& type, const FieldRules& rules, Direction direction) {
  Json many = array_schema(type, rules, direction);
  if (direction == Direction::Output) return many;
  Json one = value_schema(*type.element, rules, direction);
  return Json{{"anyOf", Json::array({std::move(one), std::move(many)})}};
}

Json variant_schema(const Type& type, Direction direction) {
  Json alternatives = Json::array();
  for (const Type* alternative : type.alternatives) {
    alternatives.push_back(schema_of(*alternative, direction));
  }
  return Json{{"anyOf", std::move(alternatives)}};
}

Json value_schema(const Type& type, const FieldRules& rules, Direction direction) {
  switch (type.kind) {
    case Kind::String:
      return string_schema(rules);
    case Kind::Integer:
      return integer_schema(rules);
    case Kind::Number:
      return of_type("number");
    case Kind::Boolean:
      return of_type("boolean");
    case Kind::Enum:
      return enum_schema(type);
    case Kind::Object:
      return object_schema(type, direction);
    case Kind::Array:
      return array_schema(type, rules, direction);
    case Kind::OneOrMany:
      return one_or_many_schema(type, rules, direction);
    case Kind::AnyJson:
      return any_schema(rules, direction);
    case Kind::Variant:
      break;
  }
  return variant_schema(type, direction);
}

}  // namespace

Json schema_of(const Type& type, Direction direction) {
  return value_schema(type, FieldRules{}, direction);
}

}  // namespace describe
