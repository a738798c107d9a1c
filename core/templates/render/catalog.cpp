#include "core/templates/render/catalog.hpp"

#include <array>

namespace segmentflow::render {
namespace {

constexpr PropRule kStyle = {"style", PropKind::Style, false,
                             "camelCase CSS; null, false and \"\" drop a declaration, numbers are "
                             "pixels where CSS wants a unit."};

constexpr std::array<PropRule, 2> kHtml = {
    {{"lang", PropKind::String, false, "Language of the document (default en)."},
     {"dir", PropKind::Direction, false, "Direction of the text (default ltr)."}}};
constexpr std::array<PropRule, 1> kStyled = {{kStyle}};
constexpr std::array<PropRule, 3> kHeading = {
    {{"text", PropKind::Text, true, "The heading."},
     {"as", PropKind::Level, false, "Its level (default h2)."},
     kStyle}};
constexpr std::array<PropRule, 2> kText = {
    {{"text", PropKind::Text, true, "The paragraph."}, kStyle}};
constexpr std::array<PropRule, 3> kLink = {
    {{"text", PropKind::Text, true, "The label."},
     {"href", PropKind::Url, true,
      "Where it leads: an absolute address. Values within it are "
      "percent-encoded."},
     kStyle}};
constexpr std::array<PropRule, 5> kImage = {
    {{"src", PropKind::Url, true,
      "Address of the picture: absolute, https. Values within it are "
      "percent-encoded."},
     {"alt", PropKind::String, false,
      "What the picture shows, for those who do not see it; \"\" for mere decoration."},
     {"width", PropKind::Size, false, "Width in pixels."},
     {"height", PropKind::Size, false, "Height in pixels."},
     kStyle}};
constexpr std::array<PropRule, 1> kPreview = {
    {{"text", PropKind::String, true,
      "What mail clients show after the subject; cut at 150 characters."}}};
constexpr std::array<PropRule, 3> kMarkdown = {
    {{"content", PropKind::String, true,
      "GitHub-flavoured Markdown; HTML in it is left out. Values put into it, as by $template, are "
      "text; a content that is one $state or $item as a whole is read as Markdown."},
     {"markdownContainerStyles", PropKind::Style, false, "Style of the block around it."},
     {"markdownCustomStyles", PropKind::Styles, false,
      "Styles by element: h1 to h6, p, bold, italic, link, codeInline, codeBlock, blockQuote, ul, "
      "ol, li, image, hr, table, thead, tbody, tr, th, td, strikethrough, br."}}};

constexpr std::array<ComponentRule, 15> kCatalog = {{
    {"Html", Component::Html, true, "The document. The root of a template; holds Head and Body.",
     kHtml, R"({"type": "Html", "props": {"lang": "en"}, "children": ["head", "body"]})"},
    {"Head",
     Component::Head,
     true,
     "The head of the document; usually empty.",
     {},
     R"({"type": "Head", "props": {}})"},
    {"Body", Component::Body, true, "The body of the document.", kStyled,
     R"({"type": "Body", "props": {"style": {"backgroundColor": "#f6f9fc"}},
        "children": ["main"]})"},
    {"Container", Component::Container, true,
     "A centred column, 37.5em wide at most: what the eye sees as the message.", kStyled,
     R"({"type": "Container", "props": {"style": {"padding": "24px"}}, "children": ["title"]})"},
    {"Section", Component::Section, true, "A block across the whole width.", kStyled,
     R"({"type": "Section", "props": {"style": {"marginTop": 24}}, "children": ["row"]})"},
    {"Row", Component::Row, true, "A row of Columns.", kStyled,
     R"({"type": "Row", "props": {}, "children": ["left", "right"]})"},
    {"Column", Component::Column, true, "A cell of a Row.", kStyled,
     R"({"type": "Column", "props": {"style": {"width": "50%"}}, "children": ["name"]})"},
    {"Heading", Component::Heading, false, "A heading.", kHeading,
     R"({"type": "Heading", "props": {"text": "Your receipt", "as": "h1"}})"},
    {"Text", Component::Text, false, "A paragraph.", kText,
     R"({"type": "Text", "props": {"text": {"$template": "Hello ${/profile/firstName}"}}})"},
    {"Link", Component::Link, false, "A link within the text.", kLink,
     R"({"type": "Link", "props": {"text": "See your order", "href": {"$state": "/data/url"}}})"},
    {"Button", Component::Button, false, "A link that looks like a button.", kLink,
     R"({"type": "Button", "props": {"text": "Reset password", "href": {"$state": "/data/url"},
        "style": {"backgroundColor": "#111827", "color": "#ffffff", "padding": "12px 20px"}}})"},
    {"Image", Component::Image, false, "A picture.", kImage,
     R"({"type": "Image", "props": {"src": "https://example.com/logo.png", "alt": "Acme",
        "width": 120}})"},
    {"Hr", Component::Hr, false, "A line across.", kStyled, R"({"type": "Hr", "props": {}})"},
    {"Preview", Component::Preview, false,
     "The preheader; hidden in the message itself. A definition's preheader does the same.",
     kPreview, R"({"type": "Preview", "props": {"text": "Order ord_9421 is on its way"}})"},
    {"Markdown", Component::Markdown, false, "Longer text written as Markdown.", kMarkdown,
     R"({"type": "Markdown", "props": {
        "content": "**Thank you!** Questions? [Write to us](mailto:help@example.com)."}})"},
}};

}  // namespace

std::span<const ComponentRule> component_catalog() {
  return kCatalog;
}

const ComponentRule* component_named(std::string_view name) {
  for (const ComponentRule& rule : kCatalog) {
    if (rule.name == name) return &rule;
  }
  return nullptr;
}

}  // namespace segmentflow::render
