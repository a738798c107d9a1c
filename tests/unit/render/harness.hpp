// What the renderer's tests share: specs and states written as JSON text.
#pragma once

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "core/templates/render/render.hpp"

namespace render_test {

using describe::Json;
using segmentflow::Result;
using segmentflow::render::Budget;
using segmentflow::render::Finding;
using segmentflow::render::ParsedSpec;
using segmentflow::render::Rendered;
using segmentflow::render::Severity;
using segmentflow::render::State;

inline const std::string kDoctype =
    "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Transitional//EN\" "
    "\"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd\">";
inline const std::string kTable =
    "<table align=\"center\" width=\"100%\" border=\"0\" cellPadding=\"0\" cellSpacing=\"0\" "
    "role=\"presentation\"";
inline const std::string kParagraph =
    "<p style=\"font-size:14px;line-height:24px;margin-top:16px;margin-bottom:16px\">";

inline ParsedSpec parsed(const Json& body, const Budget& budget = {}) {
  auto result = segmentflow::render::parse_spec(body, budget);
  if (!result) FAIL(result.error().message);
  return std::move(*result);
}

// Renders a body with `model`, an object that may have data, profile and event.
inline Result<Rendered> try_render(const Json& body, const Json& model = Json::object(),
                                   const Budget& budget = {}) {
  const ParsedSpec spec = parsed(body, budget);
  const auto root = [&](const char* name) -> const Json* {
    const auto found = model.find(name);
    return found == model.end() ? nullptr : &*found;
  };
  return segmentflow::render::render(*spec.spec, {root("data"), root("profile"), root("event")}, {},
                                     budget);
}

inline Rendered rendered(const Json& body, const Json& model = Json::object()) {
  auto result = try_render(body, model);
  if (!result) FAIL(result.error().message);
  return std::move(*result);
}

// A body whose root is this one element; "y" is a paragraph that it may have as child.
inline Json only(const std::string& element) {
  Json body = {{"root", "x"}, {"elements", Json::object()}};
  body["elements"]["x"] = Json::parse(element);
  body["elements"]["y"] = Json::parse(R"({"type": "Text", "props": {"text": "y"}})");
  return body;
}

// The HTML of that element, without the doctype.
inline std::string html_of(const std::string& element, const std::string& model = "{}") {
  const std::string html = rendered(only(element), Json::parse(model)).html;
  REQUIRE(html.substr(0, kDoctype.size()) == kDoctype);
  return html.substr(kDoctype.size());
}

inline std::string text_of(const std::string& element, const std::string& model = "{}") {
  return rendered(only(element), Json::parse(model)).text;
}

// The error of rendering that element; "" when there is none.
inline std::string error_of(const std::string& element, const std::string& model = "{}") {
  const auto result = try_render(only(element), Json::parse(model));
  return result ? "" : result.error().message;
}

inline const Finding* find_finding(const ParsedSpec& spec, std::string_view code) {
  for (const Finding& finding : spec.findings) {
    if (finding.code == code) return &finding;
  }
  return nullptr;
}

}  // namespace render_test
