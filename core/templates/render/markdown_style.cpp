#include "core/templates/render/markdown_style.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/templates/render/escape.hpp"

namespace segmentflow::render {
namespace {

struct ElementStyle {
  std::string_view name;
  std::string_view css;
};

constexpr std::array<ElementStyle, 25> kDefaults = {{
    {"h1", "font-weight:500;padding-top:20px;font-size:2.5rem"},
    {"h2", "font-weight:500;padding-top:20px;font-size:2rem"},
    {"h3", "font-weight:500;padding-top:20px;font-size:1.75rem"},
    {"h4", "font-weight:500;padding-top:20px;font-size:1.5rem"},
    {"h5", "font-weight:500;padding-top:20px;font-size:1.25rem"},
    {"h6", "font-weight:500;padding-top:20px;font-size:1rem"},
    {"blockQuote",
     "background:#f9f9f9;border-left:10px solid #ccc;margin:1.5em 10px;padding:1em 10px"},
    {"bold", "font-weight:bold"},
    {"italic", "font-style:italic"},
    {"link", "color:#007bff;text-decoration:underline;background-color:transparent"},
    {"codeBlock",
     "color:#212529;font-size:87.5%;display:block;background: #f8f8f8;"
     "font-family:SFMono-Regular,Menlo,Monaco,Consolas,monospace;padding-top:10px;"
     "padding-right:10px;padding-left:10px;padding-bottom:1px;margin-bottom:20px;"
     "word-wrap:break-word"},
    {"codeInline",
     "color:#212529;font-size:87.5%;display:inline;background: #f8f8f8;"
     "font-family:SFMono-Regular,Menlo,Monaco,Consolas,monospace;word-wrap:break-word"},
    {"p", ""},
    {"li", ""},
    {"ul", ""},
    {"ol", ""},
    {"image", ""},
    {"br", ""},
    {"hr", ""},
    {"table", ""},
    {"thead", ""},
    {"tbody", ""},
    {"tr", ""},
    {"td", ""},
    {"strikethrough", ""},
}};

// Properties whose numbers are pixels; all other numbers stand as they are.
constexpr std::array<std::string_view, 40> kPixels = {"width",
                                                      "height",
                                                      "margin",
                                                      "marginTop",
                                                      "marginRight",
                                                      "marginBottom",
                                                      "marginLeft",
                                                      "padding",
                                                      "paddingTop",
                                                      "paddingRight",
                                                      "paddingBottom",
                                                      "paddingLeft",
                                                      "borderWidth",
                                                      "borderTopWidth",
                                                      "borderRightWidth",
                                                      "borderBottomWidth",
                                                      "borderLeftWidth",
                                                      "outlineWidth",
                                                      "top",
                                                      "right",
                                                      "bottom",
                                                      "left",
                                                      "fontSize",
                                                      "letterSpacing",
                                                      "wordSpacing",
                                                      "maxWidth",
                                                      "minWidth",
                                                      "maxHeight",
                                                      "minHeight",
                                                      "borderRadius",
                                                      "borderTopLeftRadius",
                                                      "borderTopRightRadius",
                                                      "borderBottomLeftRadius",
                                                      "borderBottomRightRadius",
                                                      "textIndent",
                                                      "gridColumnGap",
                                                      "gridRowGap",
                                                      "gridGap",
                                                      "translateX",
                                                      "translateY"};

bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}

bool is_small_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

void append_name(std::string& out, std::string_view name) {
  for (std::size_t at = 0; at < name.size(); ++at) {
    if (at > 0 && is_upper(name[at]) && is_small_or_digit(name[at - 1])) out.push_back('-');
    out.push_back(is_upper(name[at]) ? static_cast<char>(name[at] | 0x20) : name[at]);
  }
}

// False when the value must not stand in a style.
bool append_css_value(std::string& out, std::string_view name, const Value& value) {
  std::string text;
  if (!append_string(text, value)) return false;
  if (value.is(Value::Kind::Number) && std::ranges::find(kPixels, name) != kPixels.end()) {
    text.append("px");
  }
  const bool is_trusted = value.is(Value::Kind::String) && !value.from_data;
  if (!is_trusted && !is_safe_style_value(text)) return false;
  std::ranges::replace(text, '"', '\'');
  append_html(out, text);
  return true;
}

std::string css_of(const Value& style, std::string_view element,
                   std::vector<std::string>& refused) {
  std::string css;
  for (std::size_t at = 0; at < style.size(); ++at) {
    const auto [name, value] = style.member(at);
    const std::size_t before = css.size();
    if (!css.empty()) css.push_back(';');
    append_name(css, name);
    css.push_back(':');
    if (is_style_name(name) && append_css_value(css, name, value)) continue;
    css.resize(before);
    refused.push_back(std::string(element) + "/" + std::string(name));
  }
  return css;
}

std::string attribute_of(std::string_view css) {
  return css.empty() ? "" : " style=\"" + std::string(css) + "\"";
}

std::size_t position_of(std::string_view element) {
  const auto found = std::ranges::find(kDefaults, element, &ElementStyle::name);
  return static_cast<std::size_t>(found - kDefaults.begin());
}

}  // namespace

MarkdownStyles::MarkdownStyles(const Value& custom, std::vector<std::string>& refused) {
  static_assert(kElements == kDefaults.size());
  for (std::size_t at = 0; at < kElements; ++at) attributes_[at] = attribute_of(kDefaults[at].css);
  if (!custom.is(Value::Kind::Object)) return;
  for (std::size_t member = 0; member < custom.size(); ++member) {
    const auto [element, style] = custom.member(member);
    const std::size_t at = position_of(element);
    if (at == kElements) continue;
    attributes_[at] = style.is(Value::Kind::Object) ? attribute_of(css_of(style, element, refused))
                                                    : std::string();
  }
}

const std::string& MarkdownStyles::attribute(std::string_view element) const {
  return attributes_.at(position_of(element));
}

bool MarkdownStyles::is_element(std::string_view name) {
  return name == "th" || position_of(name) < kElements;  // th is drawn with the style of td
}

}  // namespace segmentflow::render
