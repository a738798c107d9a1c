#include "core/templates/render/style.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "core/templates/render/escape.hpp"

namespace segmentflow::render {
namespace {

// Properties whose numbers have no unit, as React knows them.
constexpr auto kUnitless = [] {
  std::array<std::string_view, 66> names = {"animationIterationCount",
                                            "aspectRatio",
                                            "borderImageOutset",
                                            "borderImageSlice",
                                            "borderImageWidth",
                                            "boxFlex",
                                            "boxFlexGroup",
                                            "boxOrdinalGroup",
                                            "columnCount",
                                            "columns",
                                            "flex",
                                            "flexGrow",
                                            "flexPositive",
                                            "flexShrink",
                                            "flexNegative",
                                            "flexOrder",
                                            "gridArea",
                                            "gridRow",
                                            "gridRowEnd",
                                            "gridRowSpan",
                                            "gridRowStart",
                                            "gridColumn",
                                            "gridColumnEnd",
                                            "gridColumnSpan",
                                            "gridColumnStart",
                                            "fontWeight",
                                            "lineClamp",
                                            "lineHeight",
                                            "opacity",
                                            "order",
                                            "orphans",
                                            "scale",
                                            "tabSize",
                                            "widows",
                                            "zIndex",
                                            "zoom",
                                            "fillOpacity",
                                            "floodOpacity",
                                            "stopOpacity",
                                            "strokeDasharray",
                                            "strokeDashoffset",
                                            "strokeMiterlimit",
                                            "strokeOpacity",
                                            "strokeWidth",
                                            "MozAnimationIterationCount",
                                            "MozBoxFlex",
                                            "MozBoxFlexGroup",
                                            "MozLineClamp",
                                            "msAnimationIterationCount",
                                            "msFlex",
                                            "msZoom",
                                            "msFlexGrow",
                                            "msFlexNegative",
                                            "msFlexOrder",
                                            "msFlexPositive",
                                            "msFlexShrink",
                                            "msGridColumn",
                                            "msGridColumnSpan",
                                            "msGridRow",
                                            "msGridRowSpan",
                                            "WebkitAnimationIterationCount",
                                            "WebkitBoxFlex",
                                            "WebKitBoxFlexGroup",
                                            "WebkitBoxOrdinalGroup",
                                            "WebkitColumnCount",
                                            "WebkitLineClamp"};
  std::ranges::sort(names);
  return names;
}();
constexpr std::array<std::string_view, 4> kUnitlessWebkitFlex = {
    "WebkitColumns", "WebkitFlex", "WebkitFlexGrow", "WebkitFlexPositive"};

bool is_unitless(std::string_view name) {
  return std::ranges::binary_search(kUnitless, name) || name == "WebkitFlexShrink" ||
         std::ranges::find(kUnitlessWebkitFlex, name) != kUnitlessWebkitFlex.end();
}

void append_style_name(std::string& out, std::string_view name) {
  if (name.starts_with("--")) {
    out.append(name);
    return;
  }
  if (name.starts_with("ms") && name.size() > 2 &&
      (name[2] == '-' || (name[2] >= 'A' && name[2] <= 'Z'))) {
    out.push_back('-');
  }
  for (const char c : name) {
    if (c >= 'A' && c <= 'Z') {
      out.push_back('-');
      out.push_back(static_cast<char>(c | 0x20));
    } else {
      out.push_back(c);
    }
  }
}

bool is_dropped(const Value& value) {
  return value.is_nullish() || value.is(Value::Kind::Boolean) ||
         (value.is(Value::Kind::String) && value.text.empty());
}

// Appends the value; false when it must not stand in a style.
bool append_value(std::string& out, std::string_view name, const Value& value) {
  if (value.is(Value::Kind::Number)) {
    out.append(value.number.text());
    if (!value.number.is_zero() && !is_unitless(name) && !name.starts_with("--")) out.append("px");
    return true;
  }
  if (value.is(Value::Kind::String)) {
    const std::string_view text = trim(value.text);
    if (value.from_data && !is_safe_style_value(text)) return false;
    append_html(out, text);
    return true;
  }
  std::string text;
  if (!append_string(text, value) || !is_safe_style_value(text)) return false;
  append_html(out, trim(text));
  return true;
}

// More parts than a shorthand has are not looked for.
std::vector<Value> split_at_blanks(const Value& text) {
  constexpr std::size_t kPartsMax = 4;
  std::vector<Value> parts;
  std::string_view rest = trim(text.text);
  std::size_t start = 0;
  const auto add = [&](std::size_t end) {
    Value part = text;
    part.text = rest.substr(start, end - start);
    parts.push_back(part);
  };
  for (std::size_t at = 0; at < rest.size() && parts.size() <= kPartsMax;) {
    const std::size_t first_blank = at;
    while (const std::size_t length = space_length_bytes(rest.substr(at))) at += length;
    if (at == first_blank) {
      ++at;
      continue;
    }
    add(first_blank);
    start = at;
  }
  add(rest.size());
  return parts;
}

struct Sides {
  Value top, right, bottom, left;
  bool vertical_first = false;  // in which order a shorthand sets them
};

// A margin or padding shorthand; undefined sides when it is none.
Sides sides_of(const Value& shorthand) {
  if (shorthand.is(Value::Kind::Number)) {
    return {shorthand, shorthand, shorthand, shorthand, true};
  }
  Sides none;
  none.vertical_first = true;
  if (!shorthand.is(Value::Kind::String)) return none;
  const std::vector<Value> parts = split_at_blanks(shorthand);
  switch (parts.size()) {
    case 1:
      return {parts[0], parts[0], parts[0], parts[0], true};
    case 2:
      return {parts[0], parts[1], parts[0], parts[1]};
    case 3:
      return {parts[0], parts[1], parts[2], parts[1]};
    case 4:
      return {parts[0], parts[1], parts[2], parts[3]};
    default:
      return none;
  }
}

// The sides that `style` sets by shorthand and one by one, the later winning.
Sides collect_sides(const Style& style, std::string_view shorthand) {
  Sides sides;
  for (const Declaration& declaration : style) {
    if (!declaration.name.starts_with(shorthand)) continue;
    const std::string_view side = declaration.name.substr(shorthand.size());
    if (side.empty()) {
      sides = sides_of(declaration.value);
    } else if (side == "Top") {
      sides.top = declaration.value;
    } else if (side == "Right") {
      sides.right = declaration.value;
    } else if (side == "Bottom") {
      sides.bottom = declaration.value;
    } else if (side == "Left") {
      sides.left = declaration.value;
    }
  }
  return sides;
}

// ^([\d.]+)(px|em|rem|%)$ in px; 0 for everything else.
double pixels_of(std::string_view text) {
  constexpr double kPixelsPerEm = 16;
  constexpr double kPixelsPerPercent = 6;  // of the usual width of 600 px
  const std::size_t unit_start = text.find_first_not_of("0123456789.");
  if (unit_start == 0 || unit_start == std::string_view::npos) return 0;
  double number = 0;
  const auto read =
      std::from_chars(text.data(), text.data() + unit_start, number, std::chars_format::fixed);
  if (read.ec != std::errc{}) return 0;
  const std::string_view unit = text.substr(unit_start);
  if (unit == "px") return number;
  if (unit == "em" || unit == "rem") return number * kPixelsPerEm;
  // Divided first: the order decides the last digit of what is printed.
  return unit == "%" ? number / 100 * (kPixelsPerPercent * 100) : 0;
}

Value padding_side(const Value& value) {
  if (!is_truthy(value)) return {};
  if (value.is(Value::Kind::Number)) return value;
  return Value::of_number(value.is(Value::Kind::String) ? pixels_of(value.text) : 0);
}

}  // namespace

void set(Style& style, std::string_view name, const Value& value) {
  for (Declaration& declaration : style) {
    if (declaration.name == name) {
      declaration.value = value;
      return;
    }
  }
  style.push_back({name, value});
}

const Value* find(const Style& style, std::string_view name) {
  for (const Declaration& declaration : style) {
    if (declaration.name == name) return &declaration.value;
  }
  return nullptr;
}

Style merge(Style defaults, const Style& given) {
  for (const Declaration& declaration : given) set(defaults, declaration.name, declaration.value);
  return defaults;
}

Style paragraph_style(const Style& given) {
  Style with_defaults;
  for (const std::string_view side : {"marginTop", "marginBottom"}) {
    const Value* own = find(given, side);
    if (own == nullptr || own->is(Value::Kind::Undefined)) {
      with_defaults.push_back({side, Value::of_text("16px")});
    }
  }
  const Sides margins = collect_sides(merge(std::move(with_defaults), given), "margin");
  Style style =
      merge({{"fontSize", Value::of_text("14px")}, {"lineHeight", Value::of_text("24px")}}, given);
  set(style, "marginTop", margins.top);
  if (margins.vertical_first) {
    set(style, "marginBottom", margins.bottom);
    set(style, "marginLeft", margins.left);
    set(style, "marginRight", margins.right);
  } else {
    set(style, "marginRight", margins.right);
    set(style, "marginBottom", margins.bottom);
    set(style, "marginLeft", margins.left);
  }
  return style;
}

Padding padding_of(const Style& given) {
  const Sides sides = collect_sides(given, "padding");
  return {padding_side(sides.top), padding_side(sides.right), padding_side(sides.bottom),
          padding_side(sides.left)};
}

void append_style_attribute(std::string& out, const Style& style,
                            std::vector<std::string>& refused) {
  bool first = true;
  for (const auto& [name, value] : style) {
    if (is_dropped(value)) continue;
    const std::size_t before = out.size();
    out.append(first ? " style=\"" : ";");
    append_style_name(out, name);
    out.push_back(':');
    if (is_style_name(name) && append_value(out, name, value)) {
      first = false;
    } else {
      out.resize(before);
      refused.emplace_back(name);
    }
  }
  if (!first) out.push_back('"');
}

}  // namespace segmentflow::render
