#include "core/templates/render/catalog.hpp"

#include <array>

namespace segmentflow::render {
namespace {

constexpr std::array<PropRule, 2> kHtml = {{{"lang"}, {"dir"}}};
constexpr std::array<PropRule, 1> kStyled = {{{"style"}}};
constexpr std::array<PropRule, 3> kHeading = {{{"text", true}, {"as"}, {"style"}}};
constexpr std::array<PropRule, 2> kText = {{{"text", true}, {"style"}}};
constexpr std::array<PropRule, 3> kLink = {{{"text", true}, {"href", true}, {"style"}}};
constexpr std::array<PropRule, 5> kImage = {
    {{"src", true}, {"alt"}, {"width"}, {"height"}, {"style"}}};
constexpr std::array<PropRule, 1> kPreview = {{{"text", true}}};

constexpr std::array<ComponentRule, 14> kCatalog = {{
    {"Html", Component::Html, true, kHtml},
    {"Head", Component::Head, true, {}},
    {"Body", Component::Body, true, kStyled},
    {"Container", Component::Container, true, kStyled},
    {"Section", Component::Section, true, kStyled},
    {"Row", Component::Row, true, kStyled},
    {"Column", Component::Column, true, kStyled},
    {"Heading", Component::Heading, false, kHeading},
    {"Text", Component::Text, false, kText},
    {"Link", Component::Link, false, kLink},
    {"Button", Component::Button, false, kLink},
    {"Image", Component::Image, false, kImage},
    {"Hr", Component::Hr, false, kStyled},
    {"Preview", Component::Preview, false, kPreview},
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
