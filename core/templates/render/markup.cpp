#include "core/templates/render/markup.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace segmentflow::render {
namespace {

Value text(std::string_view value) {
  return Value::of_text(value);
}

const Style kContainerStyle = {{"maxWidth", text("37.5em")}};
const Style kLinkStyle = {{"color", text("#067df7")}, {"textDecorationLine", text("none")}};
const Style kImageStyle = {{"display", text("block")},
                           {"outline", text("none")},
                           {"border", text("none")},
                           {"textDecoration", text("none")}};
const Style kHrStyle = {
    {"width", text("100%")}, {"border", text("none")}, {"borderTop", text("1px solid #eaeaea")}};
const Style kButtonStyle = {{"lineHeight", text("100%")},
                            {"textDecoration", text("none")},
                            {"display", text("inline-block")},
                            {"maxWidth", text("100%")},
                            {"msoPaddingAlt", text("0px")}};
const Style kButtonLabelStyle = {{"maxWidth", text("100%")},
                                 {"display", text("inline-block")},
                                 {"lineHeight", text("120%")},
                                 {"msoPaddingAlt", text("0px")}};

// Spaces given in the style of a body belong to its cell; the body itself gets 0 instead.
constexpr std::array<std::string_view, 22> kBodySpaces = {"margin",
                                                          "marginTop",
                                                          "marginBottom",
                                                          "marginRight",
                                                          "marginLeft",
                                                          "marginInline",
                                                          "marginBlock",
                                                          "marginBlockStart",
                                                          "marginBlockEnd",
                                                          "marginInlineStart",
                                                          "marginInlineEnd",
                                                          "padding",
                                                          "paddingTop",
                                                          "paddingBottom",
                                                          "paddingRight",
                                                          "paddingLeft",
                                                          "paddingInline",
                                                          "paddingBlock",
                                                          "paddingBlockStart",
                                                          "paddingBlockEnd",
                                                          "paddingInlineStart",
                                                          "paddingInlineEnd"};

Style body_style(const Style& given) {
  Style style;
  for (const std::string_view name : {"background", "backgroundColor"}) {
    if (const Value* value = find(given, name)) style.push_back({name, *value});
  }
  for (const std::string_view name : kBodySpaces) {
    const Value* value = find(given, name);
    if (value == nullptr || value->is(Value::Kind::Undefined)) continue;
    style.push_back({name, Value::of_number(0)});
  }
  return style;
}

double number_or_0(const Value& value) {
  return value.is(Value::Kind::Number) ? value.number.as_double() : 0;
}

double points_of(double pixels) {
  return pixels * 3 / 4;
}

// Outlook knows no padding of inline boxes: stretched hair spaces stand for it. Their number is the
// least that needs no more than five times their width.
struct Spaces {
  double stretch = 0;
  int count = 0;
};

Spaces spaces_for(double width_px) {
  constexpr double kStretchMax = 5;
  constexpr int kCountMax = 1000;
  if (width_px == 0) return {};
  Spaces spaces;
  const double wanted = std::clamp(width_px / 2 / kStretchMax, 0.0, double{kCountMax});
  spaces.count = std::clamp(static_cast<int>(wanted) - 1, 1, kCountMax);
  while (width_px / spaces.count / 2 > kStretchMax && spaces.count < kCountMax) ++spaces.count;
  spaces.stretch = width_px / spaces.count / 2;
  return spaces;
}

void append_spaces(std::string& out, const Spaces& spaces, std::string_view more_style,
                   std::string_view more_spaces) {
  out.append("<span><!--[if mso]><i style=\"mso-font-width:");
  out.append(Number::of(spaces.stretch * 100).text());
  out.append("%").append(more_style).append("\" hidden>");
  for (int at = 0; at < spaces.count; ++at) out.append("&#8202;");
  out.append(more_spaces).append("</i><![endif]--></span>");
}

void make_button(MarkupResult& result, const Style& given) {
  const Padding padding = padding_of(given);
  Style style = merge(kButtonStyle, given);
  set(style, "paddingTop", padding.top);
  set(style, "paddingRight", padding.right);
  set(style, "paddingBottom", padding.bottom);
  set(style, "paddingLeft", padding.left);
  append_style_attribute(result.markup.style, style, result.refused);

  std::string raise = ";mso-text-raise:";
  raise.append(
      Number::of(points_of(number_or_0(padding.top) + number_or_0(padding.bottom))).text());
  std::string& before = result.markup.before_label;
  append_spaces(before, spaces_for(number_or_0(padding.left)), raise, "");
  Style label = kButtonLabelStyle;
  if (padding.bottom.is(Value::Kind::Number)) {
    label.push_back(
        {"msoTextRaise", Value::of_number(points_of(padding.bottom.number.as_double()))});
  }
  before.append("<span");
  append_style_attribute(before, label, result.refused);
  before.push_back('>');
  result.markup.after_label = "</span>";
  append_spaces(result.markup.after_label, spaces_for(number_or_0(padding.right)), "", "&#8203;");
}

Style full_style(Component component, const Style& given) {
  switch (component) {
    case Component::Container:
      return merge(kContainerStyle, given);
    case Component::Text:
      return paragraph_style(given);
    case Component::Link:
      return merge(kLinkStyle, given);
    case Component::Image:
      return merge(kImageStyle, given);
    case Component::Hr:
      return merge(kHrStyle, given);
    default:
      return given;
  }
}

}  // namespace

MarkupResult make_markup(Component component, const Style& given) {
  MarkupResult result;
  if (component == Component::Button) {
    make_button(result, given);
    return result;
  }
  append_style_attribute(result.markup.style, full_style(component, given), result.refused);
  if (component == Component::Body) {
    append_style_attribute(result.markup.body_style, body_style(given), result.refused);
  }
  return result;
}

}  // namespace segmentflow::render
