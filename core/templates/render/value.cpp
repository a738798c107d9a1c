#include "core/templates/render/value.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace segmentflow::render {
namespace {

constexpr double kIntegerPrintedDirectlyMax = 1e15;

// Lays out `digits` (no dot) with the decimal point after `point` of them, as ECMA-262 does.
void append_digits(std::string& out, std::string_view digits, int point) {
  constexpr int kPointMax = 21;
  constexpr int kPointMin = -6;
  const int count = static_cast<int>(digits.size());
  if (count <= point && point <= kPointMax) {
    out.append(digits).append(static_cast<std::size_t>(point - count), '0');
  } else if (0 < point && point <= kPointMax) {
    out.append(digits.substr(0, static_cast<std::size_t>(point))).push_back('.');
    out.append(digits.substr(static_cast<std::size_t>(point)));
  } else if (kPointMin < point && point <= 0) {
    out.append("0.").append(static_cast<std::size_t>(-point), '0').append(digits);
  } else {
    out.push_back(digits.front());
    if (count > 1) out.append(".").append(digits.substr(1));
    out.append(point > 0 ? "e+" : "e-").append(std::to_string(std::abs(point - 1)));
  }
}

void append_joined(std::string& out, const Json& array) {
  bool first = true;
  for (const Json& item : array) {
    if (!first) out.push_back(',');
    first = false;
    if (!item.is_null()) append_string(out, value_of(item, false));
  }
}

}  // namespace

Value Value::of_number(double number) {
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

std::string_view Arena::keep(std::string text) {
  return texts_.emplace_front(std::move(text));
}

const Json& Arena::keep(Json value) {
  return values_.emplace_front(std::move(value));
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
      value = Value::of_number(json.get<double>());
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

Json json_of(const Value& value) {
  switch (value.kind) {
    case Value::Kind::Undefined:
    case Value::Kind::Null:
      return Json(nullptr);
    case Value::Kind::Boolean:
      return Json(value.boolean);
    case Value::Kind::Number:
      return Json(value.number);
    case Value::Kind::String:
      return Json(std::string(value.text));
    case Value::Kind::Array:
    case Value::Kind::Object:
      return *value.json;
  }
  return Json(nullptr);
}

bool is_truthy(const Value& value) {
  switch (value.kind) {
    case Value::Kind::Undefined:
    case Value::Kind::Null:
      return false;
    case Value::Kind::Boolean:
      return value.boolean;
    case Value::Kind::Number:
      return value.number != 0 && !std::isnan(value.number);
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
      return left.json == right.json;
  }
  return false;
}

void append_number(std::string& out, double number) {
  if (std::isnan(number)) {
    out.append("NaN");
    return;
  }
  if (std::isinf(number)) {
    out.append(number < 0 ? "-Infinity" : "Infinity");
    return;
  }
  std::array<char, 32> buffer;
  if (std::fabs(number) < kIntegerPrintedDirectlyMax && number == std::trunc(number)) {
    const auto end = std::to_chars(buffer.begin(), buffer.end(), static_cast<std::int64_t>(number));
    out.append(buffer.begin(), end.ptr);
    return;
  }
  if (number < 0) out.push_back('-');
  const auto end =
      std::to_chars(buffer.begin(), buffer.end(), std::fabs(number), std::chars_format::scientific);
  const std::string_view printed(buffer.begin(), end.ptr);  // d.ddde+XX
  const std::size_t mark = printed.find('e');
  std::string digits(1, printed.front());
  if (mark > 2) digits.append(printed.substr(2, mark - 2));
  int exponent = 0;
  const bool negative = printed[mark + 1] == '-';
  std::from_chars(printed.begin() + mark + 2, printed.end(), exponent);
  append_digits(out, digits, (negative ? -exponent : exponent) + 1);
}

void append_string(std::string& out, const Value& value) {
  switch (value.kind) {
    case Value::Kind::Undefined:
      out.append("undefined");
      break;
    case Value::Kind::Null:
      out.append("null");
      break;
    case Value::Kind::Boolean:
      out.append(value.boolean ? "true" : "false");
      break;
    case Value::Kind::Number:
      append_number(out, value.number);
      break;
    case Value::Kind::String:
      out.append(value.text);
      break;
    case Value::Kind::Array:
      append_joined(out, *value.json);
      break;
    case Value::Kind::Object:
      out.append("[object Object]");
      break;
  }
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
