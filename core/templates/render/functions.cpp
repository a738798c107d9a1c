#include "core/templates/render/functions.hpp"

#include "core/templates/render/letter_case.hpp"

namespace segmentflow::render {
namespace {

using Kind = Value::Kind;

constexpr std::size_t kLetterWork = 4;    // for each byte of a text whose case is changed
constexpr std::size_t kNumberWork = 400;  // to print a number with decimals

Value keep(Output& text, Arena& arena) {
  return Value::of_text(arena.keep(text));
}

Value in_case(Arguments arguments, Workshop workshop, void (*append)(Output&, std::string_view)) {
  const Value value = argument_named(arguments, "value");
  if (value.is(Kind::Object)) refuse_object(workshop.meter);
  if (!value.is(Kind::String) || !workshop.meter.spend(value.text.size() * kLetterWork)) return {};
  Output text(workshop.meter, workshop.text_bytes_max);
  append(text, value.text);
  return keep(text, workshop.arena);
}

Value concat(Arguments arguments, Workshop workshop) {
  Output text(workshop.meter, workshop.text_bytes_max);
  for (const Argument& argument : arguments) {
    if (!append_shown(text, argument.value)) refuse_object(workshop.meter);
  }
  return keep(text, workshop.arena);
}

Value join(Arguments arguments, Workshop workshop) {
  const Value items = argument_named(arguments, "value");
  const auto separator = separator_of(arguments);
  if (!separator || items.is(Kind::Object)) refuse_object(workshop.meter);
  if (!separator || !items.is(Kind::Array)) return {};
  Output text(workshop.meter, workshop.text_bytes_max);
  for (std::size_t at = 0; at < items.size(); ++at) {
    if (!workshop.meter.spend(kMemberWork)) return {};
    if (at > 0) text.append(*separator);
    if (!append_shown(text, items.item(at))) refuse_object(workshop.meter);
  }
  return keep(text, workshop.arena);
}

Value length(Arguments arguments, Meter& meter) {
  const Value value = argument_named(arguments, "value");
  if (value.is(Kind::Array)) return Value::of_number(static_cast<double>(value.size()));
  if (!value.is(Kind::String) || !meter.spend(value.text.size())) return {};
  std::size_t units = 0;
  for (const char c : value.text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0) != 0x80) units += byte >= 0xF0 ? 2 : 1;
  }
  return Value::of_number(static_cast<double>(units));
}

Value format_number(Arguments arguments, Workshop workshop) {
  constexpr double kDecimalsMax = 20;
  const Value value = argument_named(arguments, "value");
  const Value given = argument_named(arguments, "decimals");
  const double decimals = given.is(Kind::Number) ? given.number.as_double() : 2;
  if (!value.is(Kind::Number) || !(decimals >= 0 && decimals <= kDecimalsMax)) return {};
  if (!workshop.meter.spend(kNumberWork)) return {};
  Output text(workshop.meter, workshop.text_bytes_max);
  text.append(value.number.fixed(static_cast<int>(decimals)));
  return keep(text, workshop.arena);
}

Value arithmetic(Arguments arguments, Meter& meter,
                 std::optional<Number> (*apply)(const Number&, const Number&)) {
  const Value a = argument_named(arguments, "a");
  const Value b = argument_named(arguments, "b");
  if (!a.is(Kind::Number) || !b.is(Kind::Number)) return {};
  const auto result = apply(a.number, b.number);
  if (result) return Value::of_number(*result);
  meter.fail_with("The result of " + a.number.text() + " and " + b.number.text() +
                  " has more digits than a number keeps; calculate it before and give it as a "
                  "text.");
  return {};
}

Value fall_back(Arguments arguments) {
  const Value value = argument_named(arguments, "value");
  const bool is_empty = value.is_nullish() || (value.is(Kind::String) && value.text.empty());
  return is_empty ? argument_named(arguments, "fallback") : value;
}

}  // namespace

Value argument_named(Arguments arguments, std::string_view name) {
  for (const Argument& argument : arguments) {
    if (argument.name == name) return argument.value;
  }
  return {};
}

std::optional<std::string_view> separator_of(Arguments arguments) {
  const Value given = argument_named(arguments, "separator");
  if (given.is(Kind::Object)) return std::nullopt;
  return given.is(Kind::String) ? given.text : ", ";
}

void refuse_object(Meter& meter) {
  meter.fail_with("An object cannot be shown as text; name one of its members.");
}

Value call_function(Function function, Arguments arguments, Workshop workshop) {
  switch (function) {
    case Function::Upper:
      return in_case(arguments, workshop, append_upper);
    case Function::Lower:
      return in_case(arguments, workshop, append_lower);
    case Function::Concat:
      return concat(arguments, workshop);
    case Function::Join:
      return join(arguments, workshop);
    case Function::Length:
      return length(arguments, workshop.meter);
    case Function::FormatNumber:
      return format_number(arguments, workshop);
    case Function::Add:
      return arithmetic(arguments, workshop.meter, add);
    case Function::Subtract:
      return arithmetic(arguments, workshop.meter, subtract);
    case Function::Multiply:
      return arithmetic(arguments, workshop.meter, multiply);
    case Function::Default:
      return fall_back(arguments);
    case Function::Unknown:
      return {};
  }
  return {};
}

}  // namespace segmentflow::render
