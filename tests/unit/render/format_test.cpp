// The description of the format: every example in it is what it says.
#include "core/templates/render/format.hpp"

#include "tests/unit/render/harness.hpp"

using namespace render_test;
namespace render = segmentflow::render;

namespace {

// An element of the type among the parents that it needs.
Json body_around(const Json& element) {
  const auto type = element.at("type").get<std::string>();
  Json body = Json::parse(R"({"root": "h", "elements": {"h": {"type": "Html", "props": {},
      "children": ["b"]}, "b": {"type": "Body", "props": {}, "children": ["x"]}}})");
  if (type == "Html") body["root"] = "x";
  if (type == "Head" || type == "Body" || type == "Preview")
    body["elements"]["h"]["children"] = {"x"};
  if (type == "Html") body["elements"].clear();
  if (type == "Head" || type == "Body" || type == "Preview") body["elements"].erase("b");
  body["elements"]["x"] = element;
  body["elements"]["x"].erase("children");
  return body;
}

}  // namespace

TEST_CASE("format: the example of each component is sound and renders") {
  CHECK(render::component_catalog().size() == 15);
  for (const auto& rule : render::component_catalog()) {
    CAPTURE(rule.name);
    const Json element = Json::parse(rule.example);
    CHECK(element.at("type") == rule.name);
    const Json body = body_around(element);
    for (const auto& finding : parsed(body).findings) {
      INFO(finding.code << " " << finding.path << " " << finding.message);
      CHECK(finding.severity != Severity::Error);
      CHECK(finding.code != "unknown_prop");
    }
    CHECK(try_render(body).has_value());
  }
}

TEST_CASE("format: expressions, conditions and functions are what the parser knows") {
  const auto sound = [](const std::string& element) {
    const ParsedSpec spec = parsed(only(element));
    for (const auto& finding : spec.findings) {
      if (finding.code == "root_not_html" || finding.code == "orphaned_element" ||
          finding.code == "repeat_item_outside_scope") {
        continue;
      }
      INFO(element << " " << finding.code << " " << finding.message);
      CHECK(false);
    }
    INFO(element);
    CHECK(try_render(only(element)).has_value());
  };
  for (const auto& rule : render::expression_rules()) {
    sound(R"({"type": "Text", "props": {"text": )" + std::string(rule.form) + "}}");
  }
  for (const auto& rule : render::function_rules()) {
    sound(R"({"type": "Text", "props": {"text": )" + std::string(rule.form) + "}}");
  }
  for (const auto& rule : render::condition_rules()) {
    sound(R"({"type": "Text", "props": {"text": "x"}, "visible": )" + std::string(rule.form) + "}");
  }
}

TEST_CASE("format: a wrong name is told with the nearest right one") {
  const auto message = [](const std::string& element, std::string_view code) {
    const ParsedSpec spec = parsed(only(element));
    const Finding* finding = find_finding(spec, code);
    return finding == nullptr ? std::string() : finding->message;
  };
  CHECK(message(R"({"type": "Buton", "props": {}})", "unknown_component").find("Button") !=
        std::string::npos);
  CHECK(message(R"({"type": "Text", "props": {"txt": "x"}})", "unknown_prop").find("text") !=
        std::string::npos);
  CHECK(message(R"({"type": "Text", "props": {"text": {"$computed": "uper"}}})", "unknown_function")
            .find("upper") != std::string::npos);
  CHECK(
      message(R"({"type": "Text", "props": {"text": {"$sate": "/data/x"}}})", "unknown_expression")
          .find("$state") != std::string::npos);
  CHECK(message(R"({"type": "Text", "props": {"text": {"$state": "/dta/x"}}})", "unknown_root")
            .find("/data") != std::string::npos);
}

TEST_CASE("format: /brand leads to what the state gives") {
  const ParsedSpec spec =
      parsed(only(R"({"type": "Text", "props": {"text": {"$state": "/brand/name"}}})"));
  const Json brand = {{"name", "Acme"}};
  State state;
  state.brand = &brand;
  const auto result = segmentflow::render::render(*spec.spec, state);
  REQUIRE(result);
  CHECK(result->text == "Acme");
}
