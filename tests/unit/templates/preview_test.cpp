// Dry renderings: what they show, what they say, where they end.
#include "core/templates/preview.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "core/templates/render/format.hpp"
#include "tests/unit/engine/shop.hpp"

using namespace segmentflow;
using describe::Json;
using test::must;

namespace {

Json definition_with(const std::string& element) {
  Json definition =
      Json::parse(R"({"from": "", "subject": "Order ${/data/id}", "body": {"root": "h",
      "elements": {"h": {"type": "Html", "props": {}, "children": ["b"]},
                   "b": {"type": "Body", "props": {}, "children": ["x"]}}}})");
  definition["body"]["elements"]["x"] = Json::parse(element);
  return definition;
}

Result<Preview> preview(const Json& definition, const Json& data = Json::object()) {
  render::State state;
  if (!data.empty()) state.data = &data;
  return preview_template(must(compile_template(definition)), state);
}

bool has(const Preview& shown, std::string_view code) {
  for (const auto& finding : shown.findings) {
    if (finding.code == code) return true;
  }
  return false;
}

std::string variables_of(const Preview& shown) {
  std::string text;
  for (const auto& each : shown.variables) text += each.path + (each.is_missing ? "! " : " ");
  return text;
}

const std::string kText =
    R"({"type": "Text", "props": {
        "text": {"$template": "Hi ${/profile/firstName}, ${/data/id}"}}})";

}  // namespace

TEST_CASE("preview: names every path, and which ones are missing") {
  const auto shown = must(preview(definition_with(kText), {{"id", "ord_1"}}));
  CHECK(shown.subject == "Order ord_1");
  CHECK(shown.text == "Hi , ord_1");
  CHECK(variables_of(shown) == "/data/id /profile/firstName! ");
}

TEST_CASE("preview: roots that are not given come from renderVariables, then from the body") {
  Json definition = definition_with(kText);
  definition["body"]["state"] = Json::parse(R"({"data": {"id": "from the body"}})");
  CHECK(must(preview(definition)).text == "Hi , from the body");
  definition["renderVariables"] =
      Json::parse(R"({"data": {"id": "sample"}, "profile": {"firstName": "Sam"}})");
  const auto shown = must(preview(definition));
  CHECK(shown.text == "Hi Sam, sample");
  CHECK(variables_of(shown) == "/data/id /profile/firstName ");
  CHECK(must(preview(definition, {{"id", "given"}})).text == "Hi Sam, given");
}

TEST_CASE("preview: says what is doubtful") {
  CHECK(has(must(preview(definition_with(
                R"({"type": "Link", "props": {"text": "x", "href": "http://a.example"}})"))),
            "insecure_url"));
  CHECK(has(must(preview(
                definition_with(
                    R"({"type": "Link", "props": {"text": "x", "href": {"$state": "/data/u"}}})"),
                {{"u", "javascript:alert(1)"}})),
            "refused_url"));
  CHECK(has(must(preview(definition_with(
                R"({"type": "Image", "props": {"src": "https://a.example/x.png"}})"))),
            "missing_alt"));
  CHECK(has(must(preview(definition_with(
                R"({"type": "Image", "props": {"src": "https://a.example/x.png", "alt": "x"}})"))),
            "no_text"));
  CHECK(has(must(preview(definition_with(
                R"({"type": "Button", "props": {"text": "x", "href": {"$state": "/data/u"}}})"))),
            "missing_address"));
  const auto large = must(
      preview(definition_with(R"({"type": "Text", "props": {"text": {"$state": "/data/long"}}})"),
              {{"long", std::string(kClippedHtmlBytes, 'x')}}));
  CHECK(has(large, "large_html"));
  CHECK_FALSE(has(must(preview(definition_with(kText), {{"id", "1"}})), "large_html"));
}

TEST_CASE("preview: fails where a value cannot be shown, with the path in the definition") {
  const auto failed =
      preview(definition_with(R"({"type": "Text", "props": {"text": {"$state": "/data/id"}}})"),
              Json::parse(R"({"id": {"a": 1}})"));
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code == ErrorCode::RenderFailed);
  REQUIRE(failed.error().problems.size() == 1);
  CHECK(failed.error().problems[0].path == "/subject");
  Json definition =
      definition_with(R"({"type": "Text", "props": {"text": {"$state": "/data/o"}}})");
  const auto in_body = preview(definition, Json::parse(R"({"id": 1, "o": {"a": 1}})"));
  REQUIRE_FALSE(in_body);
  CHECK(in_body.error().problems.at(0).path == "/body/elements/x/props/text");
}

TEST_CASE("preview: an empty subject is a problem, as for a send") {
  Json definition = definition_with(kText);
  definition["subject"] = "${/data/title}";
  for (const char* title : {"", "\u200B "}) {
    const auto shown = must(preview(definition, {{"title", title}}));
    REQUIRE(has(shown, "empty_subject"));
    for (const auto& finding : shown.findings) {
      if (finding.code == "empty_subject") CHECK(finding.severity == render::Severity::Error);
    }
  }
  CHECK(has(must(preview(definition)), "empty_subject"));
  CHECK_FALSE(has(must(preview(definition, {{"title", "x"}})), "empty_subject"));
}

TEST_CASE("preview: an object in subject or preheader is named there") {
  Json definition = definition_with(kText);
  definition["subject"] = "To ${/data/o}";
  const Json data = Json::parse(R"({"id": 1, "o": {"b": 1}})");
  CHECK(preview(definition, data).error().problems.at(0).path == "/subject");
  definition["subject"] = "x";
  definition["preheader"] = "To ${/data/o}";
  const auto failed = preview(definition, data);
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code == ErrorCode::RenderFailed);
  CHECK(failed.error().problems.at(0).path == "/preheader");
}

TEST_CASE("preview: many paths into a large object are found within the budget") {
  Json data = Json::object();
  auto& members = data.get_ref<Json::object_t&>();
  std::string text;
  for (int at = 0; at < 10'000; ++at) {
    members.emplace_back("m" + std::to_string(at), at);
    text += "${/data/m" + std::to_string(at) + "}";
  }
  Json definition = definition_with(R"({"type": "Text", "props": {"text": {"$template": ""}}})");
  definition["body"]["elements"]["x"]["props"]["text"]["$template"] = text;
  definition["subject"] = "x";
  const auto shown = must(preview(definition, data));
  CHECK(shown.variables.size() == 10'000);
  CHECK(shown.text.ends_with("99989999"));
}

TEST_CASE("preview: ends at the budget") {
  Json many = Json::array();
  for (int i = 0; i < 10'001; ++i) many.push_back(i);
  Json data = Json::object();
  data["many"] = std::move(many);
  const auto ended = preview(
      definition_with(R"({"type": "Section", "props": {}, "repeat": {"statePath": "/data/many"},
                          "children": []})"),
      data);
  REQUIRE_FALSE(ended);
  CHECK(ended.error().code == ErrorCode::RenderFailed);
  CHECK(ended.error().message.find("smaller") != std::string::npos);
}

TEST_CASE("preview: the example of the format is complete and renders") {
  const auto compiled = must(compile_template(Json::parse(render::format_example())));
  CHECK(compiled.findings.empty());
  CHECK(compiled.is_complete());
  const auto shown = must(preview_template(compiled, {}));
  CHECK_FALSE(shown.html.empty());
  CHECK(shown.findings.empty());
}

TEST_CASE("preview: each example of the project is complete and has nothing doubtful") {
  namespace fs = std::filesystem;
  const Json brand = {
      {"name", "Acme"}, {"logoUrl", "https://example.com/logo.png"}, {"primaryColor", "#0a7d53"}};
  render::State branded;
  branded.brand = &brand;
  std::size_t examples = 0;
  for (const auto& entry :
       fs::directory_iterator(std::string(SEGMENTFLOW_SOURCE_DIR) + "/examples/templates")) {
    if (entry.path().extension() != ".json") continue;
    CAPTURE(entry.path().filename().string());
    ++examples;
    std::ifstream file(entry.path());
    const auto compiled = must(compile_template(Json::parse(file).at("definition")));
    CHECK(compiled.is_complete());
    for (const render::State& state : {render::State{}, branded}) {
      const auto shown = must(preview_template(compiled, state));
      for (const auto& finding : shown.findings) {
        INFO(finding.code << " " << finding.path);
        CHECK(false);
      }
      for (const auto& variable : shown.variables) {
        if (!variable.path.starts_with("/brand/")) continue;
        CAPTURE(variable.path);
        CHECK(variable.is_missing == (state.brand == nullptr));
      }
      CHECK_FALSE(shown.subject.empty());
      CHECK_FALSE(shown.text.empty());
    }
  }
  CHECK(examples == 5);
}
