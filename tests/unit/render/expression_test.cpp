#include "tests/unit/render/harness.hpp"

using namespace render_test;
using Catch::Matchers::Contains;

namespace {

const std::string kModel =
    R"({"data": {"name": "Alex", "zero": 0, "empty": "", "yes": true, "no": false,
  "null": null, "obj": {"a": 1}, "list": [1, "x", null, [2, true]], "a/b": {"m~n": "esc"},
  "items": [{"name": "One", "price": 1.5}, {"name": "Two", "price": 2}, {"name": "Three"}],
  "numbers": [1, 2]}, "profile": {"plan": "pro"}, "event": {"id": 5}})";

// What a text prop renders as.
std::string text(const std::string& expression) {
  const std::string html =
      html_of(R"({"type": "Heading", "props": {"text": )" + expression + "}}", kModel);
  return html.substr(4, html.size() - 9);
}

bool shows(const std::string& condition) {
  return html_of(R"({"type": "Heading", "props": {"text": "v"}, "visible": )" + condition + "}",
                 kModel) == "<h2>v</h2>";
}

std::string computed(const std::string& name, const std::string& args) {
  return text(R"({"$computed": ")" + name + R"(", "args": )" + args + "}");
}

}  // namespace

TEST_CASE("State paths are JSON Pointers over own properties") {
  CHECK(text(R"({"$state": "/data/name"})") == "Alex");
  CHECK(text(R"({"$state": "data/name"})") == "Alex");
  CHECK(text(R"({"$bindState": "/profile/plan"})") == "pro");
  CHECK(text(R"({"$state": "/event/id"})") == "5");
  CHECK(text(R"({"$state": "/data/a~1b/m~0n"})") == "esc");
  CHECK(text(R"({"$state": "/data/items/1x/name"})") == "Two");
  for (const char* path : {"/data/items/-1/name", "/data/items/9/name", "/data/items/length",
                           "/data/name/length", "/data/constructor", "/data/null/x", "/nothing"}) {
    CHECK(text(R"({"$state": ")" + std::string(path) + "\"}") == "");
  }
}

TEST_CASE("Values render as React children do") {
  CHECK(text(R"({"$state": "/data/yes"})") == "");
  CHECK(text(R"({"$state": "/data/null"})") == "");
  CHECK(text(R"({"$state": "/data/zero"})") == "0");
  CHECK(text(R"(["a", {"$state": "/data/name"}, 3, [4, null, true, "<"]])") == "aAlex34&lt;");
  CHECK_THAT(error_of(R"({"type": "Text", "props": {"text": {"$state": "/data/obj"}}})", kModel),
             Contains("/elements/x/props/text"));
}

TEST_CASE("Numbers print as JavaScript prints them") {
  for (const auto& [written, printed] : std::vector<std::pair<std::string, std::string>>{
           {"12.0", "12"},
           {"-0.0", "0"},
           {"0.1", "0.1"},
           {"1e21", "1e+21"},
           {"1e20", "100000000000000000000"},
           {"12345678901234567000.0", "12345678901234567000"},
           {"1e-6", "0.000001"},
           {"1e-7", "1e-7"},
           {"1.5e300", "1.5e+300"},
           {"-123.456", "-123.456"},
           {"123456789.125", "123456789.125"},
           {"0.30000000000000004", "0.30000000000000004"},
           {"5e-324", "5e-324"}}) {
    CHECK(text(written) == printed);
  }
}

TEST_CASE("Templates fill in text") {
  CHECK(text(R"({"$template": "Hi ${/data/name}, ${data/zero}!"})") == "Hi Alex, 0!");
  CHECK(text(R"({"$template": "[${/data/none}${/data/null}]"})") == "[]");
  CHECK(text(R"({"$template": "${/data/yes} ${/data/list}"})") == "true 1,x,,2,true");
  CHECK(text(R"({"$template": "${} $x ${"})") == "${} $x ${");
}

TEST_CASE("Choices need all three keys") {
  CHECK(text(R"({"$cond": {"$state": "/data/yes"}, "$then": "a", "$else": "b"})") == "a");
  CHECK(
      text(R"({"$cond": {"$state": "/data/no"}, "$then": 1, "$else": {"$state": "/data/name"}})") ==
      "Alex");
  CHECK_THAT(error_of(R"({"type": "Text", "props": {"text": {"$cond": true, "$then": "a"}}})"),
             Contains("object"));
}

TEST_CASE("Computed values") {
  CHECK(computed("upper", R"({"value": "stra\u00DFe"})") == "STRASSE");
  CHECK(computed("lower", R"({"value": "\u00C9T\u00C9"})") == "\u00E9t\u00E9");
  CHECK(computed("concat", R"({"a": "x", "b": {"$state": "/data/zero"}, "c": null})") == "x0");
  CHECK(computed("join", R"({"value": {"$state": "/data/numbers"}})") == "1, 2");
  CHECK(computed("join", R"({"value": ["a", "b"], "separator": "-"})") == "a-b");
  CHECK(computed("length", R"({"value": "a\uD83D\uDE00"})") == "3");
  CHECK(computed("length", R"({"value": {"$state": "/data/items"}})") == "3");
  CHECK(computed("formatNumber", R"({"value": 1234.5})") == "1234.50");
  CHECK(computed("formatNumber", R"({"value": -0.001, "decimals": 1})") == "-0.0");
  CHECK(computed("formatNumber", R"({"value": "x"})") == "");
  CHECK(computed("add", R"({"a": 0.1, "b": 0.2})") == "0.30000000000000004");
  CHECK(computed("subtract", R"({"a": 5, "b": 7})") == "-2");
  CHECK(computed("multiply", R"({"a": 3, "b": 4})") == "12");
  CHECK(computed("default", R"({"value": {"$state": "/data/empty"}, "fallback": "f"})") == "f");
  CHECK(computed("default", R"({"value": 0, "fallback": "f"})") == "0");
  CHECK(computed("nothing", "{}") == "");
}

TEST_CASE("Visibility is JavaScript's truth") {
  for (const char* path : {"name", "yes", "obj", "list"}) {
    CHECK(shows(R"({"$state": "/data/)" + std::string(path) + "\"}"));
  }
  for (const char* path : {"zero", "empty", "no", "null", "none"}) {
    CHECK_FALSE(shows(R"({"$state": "/data/)" + std::string(path) + "\"}"));
    CHECK(shows(R"({"$state": "/data/)" + std::string(path) + "\", \"not\": true}"));
  }
}

TEST_CASE("Visibility compares strictly") {
  CHECK(shows(R"({"$state": "/data/zero", "eq": 0})"));
  CHECK_FALSE(shows(R"({"$state": "/data/zero", "eq": false})"));
  CHECK_FALSE(shows(R"({"$state": "/data/none", "eq": null})"));
  CHECK(shows(R"({"$state": "/data/none", "neq": null})"));
  CHECK(shows(R"({"$state": "/data/obj", "eq": {"$state": "/data/obj"}})"));
  CHECK_FALSE(shows(R"({"$state": "/data/obj", "eq": {"a": 1}})"));
  CHECK_FALSE(shows(R"({"$state": "/data/name", "gt": "A"})"));
  CHECK(shows(R"({"$state": "/event/id", "gte": 5, "lt": 0})"));
  CHECK(shows(R"({"$state": "/event/id", "lte": {"$state": "/event/id"}})"));
  CHECK_FALSE(shows(R"({"$state": "/event/id", "gt": 4, "not": true})"));
}

TEST_CASE("Visibility combines") {
  CHECK(shows("{}"));
  CHECK(shows("[]"));
  CHECK_FALSE(shows(R"([{"$state": "/data/yes"}, {"$state": "/data/no"}])"));
  CHECK(shows(R"({"$and": [true, {"$or": [false, {"$state": "/data/yes"}]}]})"));
  CHECK_FALSE(shows(R"({"$or": []})"));
  for (const char* wrong : {"null", "\"x\"", "5", "[true]", R"({"$and": 5})"}) {
    CHECK_THAT(error_of(R"({"type": "Text", "props": {"text": "v"}, "visible": )" +
                        std::string(wrong) + "}"),
               Contains("/elements/x/visible"));
  }
}

TEST_CASE("A repeated element shows once per item, its own props outside the items") {
  Json body = Json::parse(R"({"root": "c", "elements": {
    "c": {"type": "Column", "props": {}, "children": ["r"]},
    "r": {"type": "Column", "props": {"style": {"color": {"$item": "name"}}},
          "repeat": {"statePath": "/data/items", "key": "name"},
          "children": ["n", "b", "p"]},
    "n": {"type": "Heading", "props": {"text": [{"$index": true}, {"$item": "name"}]}},
    "b": {"type": "Heading", "props": {"text": [{"$bindItem": "price"}, {"$bindItem": "/price"}]},
          "visible": {"$item": "price"}},
    "p": {"type": "Heading", "props": {"text": "dear"},
          "visible": {"$item": "price", "gt": 1.6}}}})");
  const Json model = Json::parse(kModel);
  const std::string cell = "<td data-id=\"__react-email-column\">";
  CHECK(rendered(body, model).html == kDoctype + cell + cell + "<h2>0One</h2><h2>1.5</h2></td>" +
                                          cell + "<h2>1Two</h2><h2>2</h2><h2>dear</h2></td>" +
                                          cell + "<h2>2Three</h2></td></td>");
  body["elements"]["r"]["repeat"]["statePath"] = "/data/none";
  CHECK(rendered(body, model).html == kDoctype + cell + "</td>");
  body["elements"]["r"]["repeat"]["statePath"] = "/data/name";
  const auto failed = try_render(body, model);
  REQUIRE_FALSE(failed);
  CHECK(failed.error().problems.at(0).path == "/elements/r/repeat");
}

TEST_CASE("Repeats nest, over the state and over the item") {
  const Json body = Json::parse(R"({"root": "r", "elements": {
    "r": {"type": "Column", "props": {}, "repeat": {"statePath": "/data/orders"},
          "children": ["q"]},
    "q": {"type": "Column", "props": {}, "repeat": {"statePath": {"$item": "lines"}},
          "children": ["t"]},
    "t": {"type": "Heading", "props": {"text": {"$item": ""}}}}})");
  const ParsedSpec spec = parsed(body);
  CHECK(spec.findings.size() == 1);  // the root is no Html
  const std::string text =
      rendered(body, Json::parse(R"({"data": {"orders": [{"lines": ["a", "b"]}, {"lines": []},
                                                        {"lines": ["c"]}]}})"))
          .text;
  CHECK(text == "A\n\n\nB\n\n\n\n\nC");
}

TEST_CASE("The template's own state stands in for roots that are not given") {
  Json body = only(R"({"type": "Heading", "props": {"text":
                       {"$template": "${/data/a}|${/data/b}|${/other}|${/profile/p}"}}})");
  body["state"] = Json::parse(R"({"data": {"b": 2}, "other": "o", "profile": {"p": 1}})");
  CHECK(rendered(body, Json::parse(R"({"data": {"a": 1}})")).html == kDoctype + "<h2>1||o|1</h2>");
}

TEST_CASE("Missing paths are told, tested ones are not") {
  const auto result = rendered(only(R"({"type": "Heading", "props": {"text": [{"$state": "/data/x"},
               {"$template": "${/data/w}${/data/zero}"}]},
               "visible": {"$state": "/data/v", "not": true}})"),
                               Json::parse(kModel));
  CHECK(result.missing_paths == std::vector<std::string>{"/data/w", "/data/x"});
}

TEST_CASE("Strings with variables") {
  using segmentflow::render::render_template_string;
  const Json data = Json::parse(kModel)["data"];
  const State state{&data, nullptr, nullptr};
  CHECK(render_template_string("Order ${/data/zero} for ${/data/name}${/data/none}", state) ==
        "Order 0 for Alex");
  CHECK(render_template_string("plain ${", state) == "plain ${");
  CHECK_FALSE(render_template_string("${/data/obj}", state));
  CHECK_FALSE(render_template_string("${/data/list}", state));
  CHECK(segmentflow::render::state_paths_in("a ${/profile/b} ${data/c} ${/profile/b}") ==
        std::vector<std::string>{"/data/c", "/profile/b"});
}
