#include "core/templates/render/functions.hpp"

#include <fmt/format.h>

#include <cmath>

#include "core/templates/render/letter_case.hpp"

namespace segmentflow::render {
namespace {

using Arguments = std::span<const Argument>;

Value named(Arguments arguments, std::string_view name) {
  for (const Argument& argument : arguments) {
    if (argument.name == name) return argument.value;
  }
  return {};
}

Value in_case(Arguments arguments, Arena& arena, void (*append)(std::string&, std::string_view)) {
  const Value value = named(arguments, "value");
  if (!value.is(Value::Kind::String)) return {};
  std::string text;
  append(text, value.text);
  return Value::of_text(arena.keep(std::move(text)));
}

Value concat(Arguments arguments, Arena& arena) {
  std::string text;
  for (const Argument& argument : arguments) {
    if (!argument.value.is_nullish()) append_string(text, argument.value);
  }
  return Value::of_text(arena.keep(std::move(text)));
}

Value join(Arguments arguments, Arena& arena) {
  const Value items = named(arguments, "value");
  if (!items.is(Value::Kind::Array)) return {};
  const Value given = named(arguments, "separator");
  const std::string_view separator = given.is(Value::Kind::String) ? given.text : ", ";
  std::string text;
  bool first = true;
  for (const Json& item : *items.json) {
    if (!first) text.append(separator);
    first = false;
    if (!item.is_null()) append_string(text, value_of(item, false));
  }
  return Value::of_text(arena.keep(std::move(text)));
}

Value length(Arguments arguments) {
  const Value value = named(arguments, "value");
  if (value.is(Value::Kind::Array))
    return Value::of_number(static_cast<double>(value.json->size()));
  if (!value.is(Value::Kind::String)) return {};
  std::size_t units = 0;
  for (const char c : value.text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0) != 0x80) units += byte >= 0xF0 ? 2 : 1;
  }
  return Value::of_number(static_cast<double>(units));
}

Value format_number(Arguments arguments, Arena& arena) {
  constexpr double kDecimalsMax = 20;
  constexpr double kPrintedInFullMax = 1e21;
  const Value value = named(arguments, "value");
  const Value given = named(arguments, "decimals");
  const double decimals = given.is(Value::Kind::Number) ? given.number : 2;
  if (!value.is(Value::Kind::Number)) return {};
  if (!(decimals >= 0 && decimals <= kDecimalsMax)) return {};
  std::string text;
  if (std::fabs(value.number) < kPrintedInFullMax) {
    text = fmt::format("{:.{}f}", value.number, static_cast<int>(decimals));
    if (text.starts_with('-') && text.find_first_of("123456789") == std::string::npos)
      text.erase(0, 1);
  } else {
    append_number(text, value.number);
  }
  return Value::of_text(arena.keep(std::move(text)));
}

Value arithmetic(Arguments arguments, double (*apply)(double, double)) {
  const Value a = named(arguments, "a");
  const Value b = named(arguments, "b");
  if (!a.is(Value::Kind::Number) || !b.is(Value::Kind::Number)) return {};
  return Value::of_number(apply(a.number, b.number));
}

Value fall_back(Arguments arguments) {
  const Value value = named(arguments, "value");
  const bool is_empty = value.is_nullish() || (value.is(Value::Kind::String) && value.text.empty());
  return is_empty ? named(arguments, "fallback") : value;
}

}  // namespace

Value call_function(Function function, Arguments arguments, Arena& arena) {
  switch (function) {
    case Function::Upper:
      return in_case(arguments, arena, append_upper);
    case Function::Lower:
      return in_case(arguments, arena, append_lower);
    case Function::Concat:
      return concat(arguments, arena);
    case Function::Join:
      return join(arguments, arena);
    case Function::Length:
      return length(arguments);
    case Function::FormatNumber:
      return format_number(arguments, arena);
    case Function::Add:
      return arithmetic(arguments, [](double a, double b) { return a + b; });
    case Function::Subtract:
      return arithmetic(arguments, [](double a, double b) { return a - b; });
    case Function::Multiply:
      return arithmetic(arguments, [](double a, double b) { return a * b; });
    case Function::Default:
      return fall_back(arguments);
    case Function::Unknown:
      return {};
  }
  return {};
}

}  // namespace segmentflow::render
