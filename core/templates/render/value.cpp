#include "core/templates/render/value.hpp"

namespace segmentflow::render {
namespace {

// An entry of a forward_list and what the heap puts around a block.
constexpr std::size_t kEntryBytes = 64;

// What looking at the next item costs; where nobody counts, nothing.
bool pay_for_item(Output& out) {
  return out.spend(kMemberWork);
}
bool pay_for_item(std::string&) {
  return true;
}

template <class Text>
bool append_joined(Text& out, const Value& array);

template <class Text>
bool append_as_string(Text& out, const Value& value) {
  switch (value.kind) {
    case Value::Kind::Undefined:
      out.append("undefined");
      return true;
    case Value::Kind::Null:
      out.append("null");
      return true;
    case Value::Kind::Boolean:
      out.append(value.boolean ? "true" : "false");
      return true;
    case Value::Kind::Number:
      out.append(value.number.text());
      return true;
    case Value::Kind::String:
      out.append(value.text);
      return true;
    case Value::Kind::Array:
      return append_joined(out, value);
    case Value::Kind::Object:
      return false;
  }
  return true;
}

template <class Text>
bool append_joined(Text& out, const Value& array) {
  for (std::size_t at = 0; at < array.size(); ++at) {
    if (!pay_for_item(out)) return true;
    if (at > 0) out.push_back(',');
    const Value item = array.item(at);
    if (!item.is_nullish() && !append_as_string(out, item)) return false;
  }
  return true;
}

}  // namespace

std::size_t Value::size() const {
  return made == nullptr ? json->size() : made->values.size();
}

Value Value::item(std::size_t at) const {
  return made == nullptr ? value_of((*json)[at], from_data) : made->values[at];
}

Member Value::member(std::size_t at) const {
  if (made != nullptr) return {made->names[at], made->values[at]};
  const auto& [name, value] = json->get_ref<const Json::object_t&>().data()[at];
  return {name, value_of(value, from_data)};
}

Value Value::of_number(double number) {
  return of_number(render::Number::of(number));
}

Value Value::of_number(const render::Number& number) {
  Value value;
  value.kind = Kind::Number;
  value.number = number;
  return value;
}

Value Value::of_text(std::string_view text) {
  Value value;
  value.kind = Kind::String;
  value.text = text;
  return value;
}

std::string_view Arena::keep(Output& text) {
  if (!meter_.hold(kEntryBytes)) return {};
  return texts_.emplace_front(text.take());
}

Container* Arena::make_container(std::size_t size, bool is_object) {
  const std::size_t one = sizeof(Value) + (is_object ? sizeof(std::string_view) : 0);
  if (!meter_.hold(size * one + sizeof(Container) + kEntryBytes)) return nullptr;
  Container& made = containers_.emplace_front();
  made.values.reserve(size);
  if (is_object) made.names.reserve(size);
  return &made;
}

Value value_of(const Json& json, bool from_data) {
  Value value;
  switch (json.type()) {
    case Json::value_t::null:
      value.kind = Value::Kind::Null;
      break;
    case Json::value_t::boolean:
      value.kind = Value::Kind::Boolean;
      value.boolean = json.get<bool>();
      break;
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned:
    case Json::value_t::number_float:
      value = Value::of_number(Number::of(json));
      break;
    case Json::value_t::string:
      value = Value::of_text(json.get_ref<const std::string&>());
      break;
    case Json::value_t::array:
      value.kind = Value::Kind::Array;
      value.json = &json;
      break;
    case Json::value_t::object:
      value.kind = Value::Kind::Object;
      value.json = &json;
      break;
    case Json::value_t::binary:
    case Json::value_t::discarded:
      break;  // no JSON text gives these; undefined
  }
  value.from_data = from_data;
  return value;
}

Value value_of(const Container& made, Value::Kind kind) {
  Value value;
  value.kind = kind;
  value.made = &made;
  value.from_data = true;
  return value;
}

bool is_truthy(const Value& value) {
  switch (value.kind) {
    case Value::Kind::Undefined:
    case Value::Kind::Null:
      return false;
    case Value::Kind::Boolean:
      return value.boolean;
    case Value::Kind::Number:
      return !value.number.is_zero() && !value.number.is_nan();
    case Value::Kind::String:
      return !value.text.empty();
    case Value::Kind::Array:
    case Value::Kind::Object:
      return true;
  }
  return false;
}

bool is_same(const Value& left, const Value& right) {
  if (left.kind != right.kind) return false;
  switch (left.kind) {
    case Value::Kind::Undefined:
    case Value::Kind::Null:
      return true;
    case Value::Kind::Boolean:
      return left.boolean == right.boolean;
    case Value::Kind::Number:
      return left.number == right.number;
    case Value::Kind::String:
      return left.text == right.text;
    case Value::Kind::Array:
    case Value::Kind::Object:
      return left.json == right.json && left.made == right.made;
  }
  return false;
}

bool append_string(Output& out, const Value& value) {
  return append_as_string(out, value);
}

bool append_string(std::string& out, const Value& value) {
  return append_as_string(out, value);
}

bool append_shown(Output& out, const Value& value) {
  return value.is_nullish() || append_as_string(out, value);
}

std::size_t space_length_bytes(std::string_view text) {
  if (text.empty()) return 0;
  const unsigned char first = static_cast<unsigned char>(text[0]);
  if (first == ' ' || (first >= 0x09 && first <= 0x0D)) return 1;
  if (first < 0x80) return 0;
  if (text.starts_with("\u00A0")) return 2;
  if (text.size() < 3) return 0;
  const std::string_view three = text.substr(0, 3);
  if (three >= "\u2000" && three <= "\u200A") return 3;
  for (const std::string_view other :
       {"\u1680", "\u2028", "\u2029", "\u202F", "\u205F", "\u3000", "\uFEFF"}) {
    if (three == other) return 3;
  }
  return 0;
}

std::string_view trim(std::string_view text) {
  while (const std::size_t length = space_length_bytes(text)) text.remove_prefix(length);
  std::size_t end = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t space = space_length_bytes(text.substr(at));
    at += space == 0 ? 1 : space;
    if (space == 0) end = at;
  }
  return text.substr(0, end);
}

}  // namespace segmentflow::render
