#include "tools/mcp_arguments.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace segmentflow {
namespace {

using describe::FieldRules;
using describe::Json;
using describe::JsonKind;
using describe::Kind;
using describe::Presence;
using describe::Type;

constexpr const char* kClear = "clear";
constexpr const char* kLimit = "limit";
constexpr std::size_t kTextBytesMax = 8 << 20;  // as a request of a batch

// By which text of a value begins that is declared so; '\0' where a text is a text.
char opening_of(const Type& type, const FieldRules& rules) {
  switch (type.kind) {
    case Kind::Object:
      return '{';
    case Kind::Array:
    case Kind::OneOrMany:
      return '[';
    case Kind::AnyJson:
      if (rules.published_type != nullptr) return opening_of(rules.published_type(), {});
      if (rules.json_kind == JsonKind::Array) return '[';
      return rules.json_kind == JsonKind::Object ? '{' : '\0';
    default:
      return '\0';
  }
}

// The value that is given as its JSON text; what is none stays a text, and is refused as one.
void unwrap(Json& value, char opening) {
  if (opening == '\0' || !value.is_string()) return;
  const auto& text = value.get_ref<const std::string&>();
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string::npos || text[first] != opening) return;
  auto parsed = describe::parse_json(text, {.bytes_max = kTextBytesMax});
  if (parsed) value = std::move(*parsed);
}

void read_value(const Type& type, const FieldRules& rules, Json& value);

void read_members(const Type& type, Json& object) {
  for (const auto& field : type.fields) {
    const auto member = object.find(std::string(field.name));
    if (member == object.end()) continue;
    if (member->is_null() && field.presence != Presence::Required) {
      object.erase(member);
    } else {
      read_value(*field.type, field.rules, *member);
    }
  }
}

void read_value(const Type& type, const FieldRules& rules, Json& value) {
  unwrap(value, opening_of(type, rules));
  if (type.kind == Kind::AnyJson && rules.published_type != nullptr) {
    return read_value(rules.published_type(), {}, value);
  }
  if (type.kind == Kind::Object && value.is_object()) return read_members(type, value);
  if (type.element == nullptr || !value.is_array()) return;
  for (Json& element : value) read_value(*type.element, rules, element);
}

void drop_null_options(const OperationInfo& info, Json& input) {
  if (info.hints.read_only) return;
  for (const char* option : {kDryRun, kConfirmationToken}) {
    const auto given = input.find(option);
    if (given != input.end() && given->is_null()) input.erase(given);
  }
}

std::vector<std::string> clearable_members(const Operation& operation) {
  std::vector<std::string> names;
  for (const auto& field : operation.request->fields) {
    if (field.presence == Presence::Patch) names.emplace_back(field.name);
  }
  return names;
}

std::string refusal_of(const Json& name, const std::vector<std::string>& names, const Json& input) {
  const bool is_known =
      name.is_string() && std::ranges::find(names, name.get<std::string>()) != names.end();
  if (!is_known) return fmt::format("clear names members to empty: {}.", fmt::join(names, ", "));
  if (!input.contains(name.get<std::string>())) return {};
  return fmt::format("{} is given and cleared; do one of both.", name.get<std::string>());
}

// Over REST such a member is null.
Result<void> apply_clear(const std::vector<std::string>& names, Json& input) {
  const auto given = input.find(kClear);
  if (names.empty() || given == input.end()) return {};
  Json clear = std::move(*given);
  input.erase(given);
  if (clear.is_null()) return {};
  unwrap(clear, '[');
  if (!clear.is_array()) {
    const std::string message =
        fmt::format("clear must be an array of members to empty: {}.", fmt::join(names, ", "));
    return tl::unexpected(invalid_input({{"/clear", message}}));
  }
  std::vector<describe::Problem> problems;
  for (std::size_t i = 0; i < clear.size(); ++i) {
    auto refusal = refusal_of(clear[i], names, input);
    if (!refusal.empty()) problems.push_back({fmt::format("/clear/{}", i), std::move(refusal)});
  }
  if (!problems.empty()) return tl::unexpected(invalid_input(std::move(problems)));
  for (const Json& name : clear) input[name.get<std::string>()] = nullptr;
  return {};
}

bool is_paged_list(const Operation& operation) {
  const auto& fields = operation.request->fields;
  return operation.response->kind == Kind::Array &&
         std::ranges::any_of(fields, [](const auto& field) { return field.name == kLimit; });
}

}  // namespace

Json arguments_schema(const Operation& operation) {
  Json schema = input_schema(operation);
  auto& properties = schema["properties"];
  if (is_paged_list(operation)) properties[kLimit]["default"] = kMcpPageItems;
  const auto names = clearable_members(operation);
  if (names.empty()) return schema;
  for (const std::string& name : names) {
    // {"anyOf": [value, null], …} is the value alone.
    Json value = properties[name]["anyOf"][0];
    for (const auto& [key, rule] : properties[name].items()) {
      if (key != "anyOf") value[key] = rule;
    }
    properties[name] = std::move(value);
  }
  properties[kClear] = {{"type", "array"},
                        {"items", {{"type", "string"}, {"enum", names}}},
                        {"description", "Members to empty. What is left out stays as it is."},
                        {"examples", Json::array({Json::array({names.front()})})}};
  return schema;
}

Result<Json> input_of(const Operation& operation, Json arguments) {
  read_members(*operation.request, arguments);
  drop_null_options(operation.info, arguments);
  if (auto cleared = apply_clear(clearable_members(operation), arguments); !cleared) {
    return tl::unexpected(cleared.error());
  }
  if (is_paged_list(operation) && !arguments.contains(kLimit)) arguments[kLimit] = kMcpPageItems;
  return arguments;
}

}  // namespace segmentflow
