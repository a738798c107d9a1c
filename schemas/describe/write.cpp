#include <nlohmann/json.hpp>

#include "schemas/describe/parse.hpp"

namespace describe {
namespace {

Json write_array(const Type& type, const void* value) {
  Json::array_t items;
  const std::size_t count = type.sequence.size(value);
  items.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    items.push_back(write_object(*type.element, type.sequence.at(value, i)));
  }
  return items;
}

// A described name is unique, so members are appended without nlohmann's search for the key.
Json write_members(const Type& type, const void* object) {
  Json::object_t members;
  members.reserve(type.fields.size());
  for (const Field& field : type.fields) {
    const void* value = static_cast<const char*>(object) + field.offset;
    if (field.presence != Presence::Required) {
      const void* member = value;
      value = field.access.get(member);
      const bool left_out = field.presence == Presence::Patch ? !field.access.is_null(member)
                                                              : field.rules.omit_empty;
      if (value == nullptr && left_out) continue;
    }
    members.emplace_back(std::string(field.name),
                         value == nullptr ? Json(nullptr) : write_object(*field.type, value));
  }
  return members;
}

}  // namespace

Json write_object(const Type& type, const void* object) {
  switch (type.kind) {
    case Kind::String:
      return *static_cast<const std::string*>(object);
    case Kind::Integer:
      return *static_cast<const std::int64_t*>(object);
    case Kind::Number:
      return *static_cast<const double*>(object);
    case Kind::Boolean:
      return *static_cast<const bool*>(object);
    case Kind::Enum:
      return std::string(type.enum_names[static_cast<std::size_t>(type.enum_get(object))]);
    case Kind::Object:
      return write_members(type, object);
    case Kind::Array:
    case Kind::OneOrMany:
      return write_array(type, object);
    case Kind::AnyJson:
      return *static_cast<const Json*>(object);
    case Kind::Variant:
      break;
  }
  std::size_t index = 0;
  const void* held = type.variant_get(object, index);
  return write_object(*type.alternatives[index], held);
}

}  // namespace describe
