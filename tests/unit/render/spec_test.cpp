#include "tests/unit/render/harness.hpp"

using namespace render_test;
using Catch::Matchers::Contains;

namespace {

void expect(const std::string& body, const std::string& code, const std::string& path,
            Severity severity = Severity::Error) {
  const ParsedSpec spec = parsed(Json::parse(body));
  INFO(code);
  const Finding* finding = find_finding(spec, code);
  REQUIRE(finding != nullptr);
  CHECK(finding->path == path);
  CHECK(finding->severity == severity);
  CHECK(finding->message.size() > 10);
}

std::string body_of(const std::string& element) {
  return R"({"root": "x", "elements": {"x": )" + element +
         R"(, "y": {"type": "Hr", "props": {}}}})";
}

void refuse(const std::string& body, const std::string& path, const Budget& budget = {}) {
  const auto result = segmentflow::render::parse_spec(Json::parse(body), budget);
  REQUIRE_FALSE(result);
  CHECK(result.error().code == segmentflow::ErrorCode::ValidationFailed);
  REQUIRE(result.error().problems.size() == 1);
  CHECK(result.error().problems[0].path == path);
}

}  // namespace

TEST_CASE("What is no flat spec is refused with its path") {
  refuse("[]", "");
  refuse("{}", "/elements");
  refuse(R"({"root": 5, "elements": {}})", "/root");
  refuse(R"({"root": "a", "elements": {"a/b": 5}})", "/elements/a~1b");
  refuse(R"({"root": "a", "elements": {"a": {}}})", "/elements/a/type");
}

TEST_CASE("Findings about the tree") {
  expect(R"({"root": "x", "elements": {}})", "empty_spec", "/elements");
  expect(R"({"elements": {"x": {"type": "Hr", "props": {}}}})", "missing_root", "/root");
  expect(R"({"root": "z", "elements": {"x": {"type": "Hr", "props": {}}}})", "root_not_found",
         "/root");
  expect(body_of(R"({"type": "Body", "props": {}, "children": ["y"]})"), "root_not_html", "/root",
         Severity::Warning);
  expect(body_of(R"({"type": "Html", "props": {}, "children": ["y", "no"]})"), "missing_child",
         "/elements/x/children/1");
  expect(body_of(R"({"type": "Html", "props": {}})"), "orphaned_element", "/elements/y",
         Severity::Warning);
  expect(body_of(R"({"type": "Html", "props": {}, "children": ["x"]})"), "cycle",
         "/elements/x/children");
}

TEST_CASE("Findings about elements") {
  expect(body_of(R"({"type": "Buton", "props": {}})"), "unknown_component", "/elements/x/type");
  CHECK_THAT(find_finding(parsed(Json::parse(body_of(R"({"type": "Buton", "props": {}})"))),
                          "unknown_component")
                 ->message,
             Contains("Did you mean Button?"));
  expect(body_of(R"({"type": "Text"})"), "invalid_props", "/elements/x/props");
  expect(body_of(R"({"type": "Link", "props": {"text": "L"}})"), "missing_prop",
         "/elements/x/props/href");
  expect(body_of(R"({"type": "Text", "props": {"text": {"a": 1}}})"), "invalid_prop",
         "/elements/x/props/text");
  expect(body_of(R"({"type": "Text", "props": {"text": "t", "colour": 1}})"), "unknown_prop",
         "/elements/x/props/colour", Severity::Warning);
  expect(body_of(R"({"type": "Hr", "props": {"style": "color:red"}})"), "invalid_style",
         "/elements/x/props/style");
  expect(body_of(R"({"type": "Hr", "props": {"style": {"a;b": "x"}}})"), "invalid_style",
         "/elements/x/props/style/a;b");
  expect(body_of(R"({"type": "Hr", "props": {}, "children": 5})"), "invalid_children",
         "/elements/x/children");
  expect(body_of(R"({"type": "Hr", "props": {}, "children": ["y"]})"), "children_ignored",
         "/elements/x/children", Severity::Warning);
  expect(body_of(R"({"type": "Link", "props": {"text": "L", "href": "javascript:x"}})"),
         "refused_url", "/elements/x/props/href", Severity::Warning);
  for (const std::string name : {"visible", "on", "repeat", "watch"}) {
    expect(body_of(R"({"type": "Hr", "props": {")" + name + R"(": true}})"), name + "_in_props",
           "/elements/x/props/" + name);
  }
}

TEST_CASE("Findings about expressions") {
  expect(body_of(R"({"type": "Hr", "props": {}, "visible": {"$and": [null]}})"), "invalid_visible",
         "/elements/x/visible/$and/0");
  expect(body_of(R"({"type": "Section", "props": {}, "repeat": {"statePath": "/data/a"}})"),
         "repeat_without_children", "/elements/x/repeat");
  expect(body_of(R"({"type": "Section", "props": {}, "repeat": {}})"), "invalid_repeat",
         "/elements/x/repeat");
  expect(body_of(R"({"type": "Text", "props": {"text": ["a", {"$item": "a"}]}})"),
         "repeat_item_outside_scope", "/elements/x/props/text/1");
  expect(body_of(R"({"type": "Text", "props": {"text": {"$computed": "uper"}}})"),
         "unknown_function", "/elements/x/props/text", Severity::Warning);
}

TEST_CASE("Findings about addresses and pictures") {
  const auto image = [](const char* props) {
    return body_of(std::string(R"({"type": "Image", "props": )") + props + "}");
  };
  expect(image(R"({"src": "https://x.y/z.png"})"), "missing_alt", "/elements/x/props/alt",
         Severity::Warning);
  for (const char* alt : {R"("")", R"("A cup")", R"({"$state": "/data/alt"})"}) {
    CHECK(find_finding(
              parsed(Json::parse(image(
                  (R"({"src": "https://x.y/z.png", "alt": )" + std::string(alt) + "}").c_str()))),
              "missing_alt") == nullptr);
  }
  expect(image(R"({"src": "http://x.y/z.png", "alt": ""})"), "insecure_url",
         "/elements/x/props/src", Severity::Warning);
  expect(body_of(R"({"type": "Link", "props": {"text": "L", "href": "HTTP://x.y"}})"),
         "insecure_url", "/elements/x/props/href", Severity::Warning);
  CHECK(find_finding(parsed(Json::parse(body_of(
                         R"({"type": "Link", "props": {"text": "L", "href": "https://x.y"}})"))),
                     "insecure_url") == nullptr);
}

TEST_CASE("Findings about placeholders that nothing fills") {
  for (const char* text : {R"("Hello ${/data/name}")", R"("Hello {{name}}")",
                           R"({"$template": "Hello {{ name }} ${/data/name}"})",
                           R"({"$cond": true, "$then": "{{name}}", "$else": ""})"}) {
    const std::string element = std::string(R"({"type": "Text", "props": {"text": )") + text + "}}";
    const ParsedSpec spec = parsed(Json::parse(body_of(element.c_str())));
    const Finding* finding = find_finding(spec, "unfilled_placeholder");
    REQUIRE(finding != nullptr);
    CHECK(finding->severity == Severity::Warning);
    CHECK_THAT(finding->path, Contains("/elements/x/props/text"));
  }
  for (const char* text : {R"("It costs ${} {{}} $5 {a}")", R"({"$template": "${/data/name}"})"}) {
    const std::string element = std::string(R"({"type": "Text", "props": {"text": )") + text + "}}";
    CHECK(find_finding(parsed(Json::parse(body_of(element.c_str()))), "unfilled_placeholder") ==
          nullptr);
  }
}

TEST_CASE("Findings about names that nothing knows") {
  expect(body_of(R"({"type": "Text", "props": {"text": {"$sate": "/data/x"}}})"),
         "unknown_expression", "/elements/x/props/text");
  expect(body_of(R"({"type": "Text", "props": {"text": {"$cond": true, "$then": "a"}}})"),
         "unknown_expression", "/elements/x/props/text");
  expect(body_of(R"({"type": "Text", "props": {"text": {"$state": "/dta/x"}}})"), "unknown_root",
         "/elements/x/props/text/$state", Severity::Warning);
  expect(body_of(R"({"type": "Hr", "props": {}, "visible": {"$state": "/dta/x"}})"), "unknown_root",
         "/elements/x/visible/$state", Severity::Warning);
  for (const char* path : {"/data/x", "/profile/x", "/event/x", "/brand/x", "data/x", "/", ""}) {
    CAPTURE(path);  // the last two are the whole state
    CHECK(find_finding(parsed(only(R"({"type": "Text", "props": {"text": {"$state": ")" +
                                   std::string(path) + "\"}}}")),
                       "unknown_root") == nullptr);
  }
  Json own = Json::parse(body_of(R"({"type": "Text", "props": {"text": {"$state": "/own/x"}}})"));
  CHECK(find_finding(parsed(own), "unknown_root") != nullptr);
  own["state"] = {{"own", {{"x", 1}}}};
  CHECK(find_finding(parsed(own), "unknown_root") == nullptr);
}

TEST_CASE("Style declarations of an element are limited") {
  Budget budget;
  budget.style_declarations_max = 2;
  const auto styled = [](const char* style) {
    return Json::parse(
        body_of(R"({"type": "Hr", "props": {"style": )" + std::string(style) + "}}"));
  };
  const auto invalid = [&](const char* style) {
    return find_finding(parsed(styled(style), budget), "invalid_style") != nullptr;
  };
  CHECK_FALSE(invalid(R"({"color": "red", "top": 1})"));
  CHECK(invalid(R"({"color": "red", "top": 1, "left": 1})"));
  const auto from_data = [&](const char* style) {
    Json model;
    model["data"]["v"] = Json::parse(style);
    return try_render(styled(R"({"$state": "/data/v"})"), model, budget).has_value();
  };
  CHECK(from_data(R"({"color": "red", "top": 1})"));
  CHECK_FALSE(from_data(R"({"color": "red", "top": 1, "left": 1})"));
}

TEST_CASE("A sound template has no findings") {
  const ParsedSpec spec = parsed(Json::parse(R"({"root": "h", "elements": {
    "h": {"type": "Html", "props": {}, "children": ["b"]},
    "b": {"type": "Body", "props": {}, "children": ["s"]},
    "s": {"type": "Section", "props": {}, "repeat": {"statePath": "/data/a"}, "children": ["t"]},
    "t": {"type": "Text", "props": {"text": {"$item": "x"}}}}})"));
  CHECK(spec.findings.empty());
  CHECK_FALSE(spec.has_errors());
}

TEST_CASE("The state paths that a template names") {
  const ParsedSpec spec = parsed(Json::parse(body_of(R"({"type": "Section", "props": {"style":
    {"color": {"$cond": {"$state": "/profile/vip", "eq": {"$state": "/data/t"}}, "$then": "red",
               "$else": {"$template": "${/data/c}"}}}}, "repeat": {"statePath": "/data/items"},
    "visible": {"$or": [{"$state": "event/e"}, {"$state": "/data/c"}]}, "children": ["y"]})")));
  CHECK(segmentflow::render::state_paths_read(*spec.spec) ==
        std::vector<std::string>{"/data/c", "/data/items", "/data/t", "/event/e", "/profile/vip"});
}

TEST_CASE("Elements and depth are limited when parsing") {
  Budget budget;
  budget.elements_max = 1;
  refuse(body_of(R"({"type": "Hr", "props": {}})"), "/elements", budget);
  budget = {};
  budget.depth_max = 1;
  refuse(body_of(R"({"type": "Html", "props": {}, "children": ["y"]})"), "/elements/y", budget);
}

TEST_CASE("A cycle is cut and rendering ends") {
  const Json body = Json::parse(R"({"root": "a", "elements": {
    "a": {"type": "Column", "props": {}, "children": ["b", "t"]},
    "b": {"type": "Column", "props": {}, "children": ["a", "b"]},
    "t": {"type": "Heading", "props": {"text": "t"}}}})");
  CHECK(rendered(body).text == "T");
}

TEST_CASE("Rendering keeps to its budget") {
  const auto message = [](const Json& body, const Json& model, const Budget& budget) {
    const auto result = try_render(body, model, budget);
    return result ? std::string() : result.error().message;
  };
  const Json repeat = only(R"({"type": "Column", "props": {}, "repeat": {"statePath": "/data/a"},
                               "children": ["y"]})");
  const Json four = Json::parse(R"({"data": {"a": [1, 2, 3, 4]}})");
  Budget budget;
  budget.repeat_items_max = 4;
  CHECK(message(repeat, four, budget).empty());
  budget.repeat_items_max = 3;
  CHECK_THAT(message(repeat, four, budget), Contains("more than 3 items"));
  budget = {};
  budget.output_bytes_max = 300;
  CHECK_THAT(message(repeat, four, budget), Contains("larger than 300 bytes"));
  budget = {};
  budget.work_max = 300;
  CHECK_THAT(message(repeat, four, budget), Contains("more work than 300 units"));
  budget = {};
  budget.memory_bytes_max = 1'000;
  CHECK_THAT(message(repeat, four, budget), Contains("more than 1000 bytes of memory"));
}

TEST_CASE("Shared children cannot multiply without end") {
  Json body = {{"root", "e0"}, {"elements", Json::object()}};
  for (int level = 0; level < 40; ++level) {
    const std::string next = "e" + std::to_string(level + 1);
    body["elements"]["e" + std::to_string(level)] = {
        {"type", "Column"}, {"props", Json::object()}, {"children", {next, next}}};
  }
  body["elements"]["e40"] = {{"type", "Hr"}, {"props", Json::object()}};
  const auto result = try_render(body);
  REQUIRE_FALSE(result);
  CHECK_THAT(result.error().message, Contains("larger than") || Contains("more work than"));
}
