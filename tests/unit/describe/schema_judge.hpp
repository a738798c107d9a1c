// A judge of the part of JSON Schema 2020-12 that schema_of uses, written apart from it.
#pragma once

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <regex>
#include <stdexcept>
#include <string>

#include "schemas/describe/parse.hpp"

namespace judge {

using describe::Json;

inline bool has_type(const Json& value, const std::string& type) {
  if (type == "null") return value.is_null();
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_boolean();
  if (type == "number") return value.is_number();
  if (type == "integer") {
    return value.is_number_integer() ||
           (value.is_number_float() && value.get<double>() == std::floor(value.get<double>()));
  }
  throw std::logic_error("no such type: " + type);
}

inline bool has_format(const std::string& text, const std::string& format) {
  if (format == "uuid") return describe::is_uuid(text);
  if (format == "email") return describe::is_email(text);
  if (format == "uri") return describe::is_uri(text);
  if (format == "date-time") return describe::is_date_time(text);
  throw std::logic_error("no such format: " + format);
}

std::string fault(const Json& schema, const Json& value, const std::string& path);

inline std::string object_fault(const Json& schema, const Json& value, const std::string& path) {
  for (const auto& name : schema.value("required", Json::array())) {
    if (!value.contains(name.get<std::string>())) return path + " lacks " + name.get<std::string>();
  }
  if (!schema.contains("properties")) return "";
  for (const auto& [name, member] : value.items()) {
    if (!schema["properties"].contains(name)) {
      if (schema.value("additionalProperties", true)) continue;
      return path + " has the unknown member " + name;
    }
    const auto found = fault(schema["properties"][name], member, path + "/" + name);
    if (!found.empty()) return found;
  }
  return "";
}

inline std::string array_fault(const Json& schema, const Json& value, const std::string& path) {
  if (value.size() < schema.value("minItems", std::size_t{0})) return path + " has too few items";
  if (value.size() > schema.value("maxItems", SIZE_MAX)) return path + " has too many items";
  for (std::size_t i = 0; i < value.size(); ++i) {
    const auto found = fault(schema["items"], value[i], path + "/" + std::to_string(i));
    if (!found.empty()) return found;
  }
  return "";
}

inline std::string string_fault(const Json& schema, const std::string& text,
                                const std::string& path) {
  std::size_t length = 0;
  for (const char c : text) length += (c & 0xC0) != 0x80;
  if (length < schema.value("minLength", std::size_t{0})) return path + " is too short";
  if (length > schema.value("maxLength", SIZE_MAX)) return path + " is too long";
  if (schema.contains("format") && !has_format(text, schema["format"].get<std::string>())) {
    return path + " has the wrong format";
  }
  if (schema.contains("pattern") &&
      !std::regex_search(text, std::regex(schema["pattern"].get<std::string>()))) {
    return path + " does not match";
  }
  return "";
}

// What is wrong with the value under the schema; "" when nothing is.
inline std::string fault(const Json& schema, const Json& value, const std::string& path) {
  if (schema.contains("anyOf")) {
    std::string all;
    for (const auto& alternative : schema["anyOf"]) {
      const auto found = fault(alternative, value, path);
      if (found.empty()) return "";
      all += found + "; ";
    }
    return all;
  }
  if (schema.contains("type")) {
    bool fits = false;
    const Json types = schema["type"].is_array() ? schema["type"] : Json::array({schema["type"]});
    for (const auto& type : types) fits = fits || has_type(value, type.get<std::string>());
    if (!fits) return path + " has the wrong type";
  }
  if (schema.contains("enum")) {
    const auto& options = schema["enum"];
    if (std::find(options.begin(), options.end(), value) == options.end()) {
      return path + " is not in the enum";
    }
  }
  if (value.is_number() && schema.contains("minimum") && value < schema["minimum"]) {
    return path + " is too small";
  }
  if (value.is_number() && schema.contains("maximum") && value > schema["maximum"]) {
    return path + " is too large";
  }
  if (value.is_string()) return string_fault(schema, value.get<std::string>(), path);
  if (value.is_array() && schema.contains("items")) return array_fault(schema, value, path);
  if (value.is_object()) return object_fault(schema, value, path);
  return "";
}

}  // namespace judge
