#include "tests/unit/render/harness.hpp"

using namespace render_test;
using Catch::Matchers::Contains;

namespace {

Json model_of(const std::string& value) {
  return Json{{"data", {{"v", value}}}};
}

Rendered with_value(const std::string& element, const std::string& value) {
  return rendered(only(element), model_of(value));
}

const std::string kHostile[] = {"<script>alert(1)</script>",
                                "\"><img src=x onerror=alert(1)>",
                                "' onmouseover='x",
                                "&lt;&#x3c;",
                                "a\r\nBcc: x@y.z",
                                "x\u2028y\u2029z",
                                std::string("nul\0here", 8),
                                "]]>--><!--",
                                "${/data/v}",
                                "{\"$state\": \"/profile\"}"};

}  // namespace

TEST_CASE("Values from data stay text") {
  for (const std::string& value : kHostile) {
    const std::string html =
        with_value(R"({"type": "Heading", "props": {"text": {"$state": "/data/v"}}})", value).html;
    std::string inner = html.substr(kDoctype.size() + 4, html.size() - kDoctype.size() - 9);
    for (std::size_t at = 0; (at = inner.find("<br/>")) != inner.npos;) inner.erase(at, 5);
    CHECK(inner.find_first_of(std::string("<>\"'\0", 5)) == std::string::npos);
    CHECK(
        html ==
        with_value(R"({"type": "Heading", "props": {"text": {"$template": "${/data/v}"}}})", value)
            .html);
  }
}

TEST_CASE("Values from data stay in their attribute") {
  for (const std::string& value : kHostile) {
    const std::string html = with_value(R"({"type": "Image", "props": {"src": "https://x.y/z.png",
      "alt": {"$state": "/data/v"}, "style": {"color": "red"}}})",
                                        value)
                                 .html;
    const std::size_t start = html.find("alt=\"") + 5;
    const std::string attribute = html.substr(start, html.find('"', start) - start);
    CHECK(attribute.find_first_of("<>'") == std::string::npos);
    CHECK(html.substr(start + attribute.size(), 5) == "\" src");
  }
}

TEST_CASE("Addresses must be ones that mail may carry") {
  const std::string link =
      R"({"type": "Link", "props": {"text": "L", "href": {"$state": "/data/v"}}})";
  for (const char* allowed :
       {"https://x.y/?a=1&b=2", "HTTP://x.y", "mailto:a@b.c", "tel:+1", "cid:a", "#a"}) {
    const Rendered result = with_value(link, allowed);
    CHECK_THAT(result.html, Contains("<a href=\""));
    for (const Finding& warning : result.warnings) CHECK(warning.code == "insecure_url");
  }
  for (const char* refused :
       {"javascript:alert(1)", "JaVaScRiPt:alert(1)", " javascript:alert(1)",
        "java\nscript:alert(1)", "\x01javascript:x", "data:text/html,x", "vbscript:x",
        "file:///etc/passwd", "//x.y", "/relative", "x.y", "https&colon;//x"}) {
    const Rendered result = with_value(link, refused);
    CHECK_THAT(result.html, Contains("<a style="));
    REQUIRE(result.warnings.size() == 1);
    CHECK(result.warnings[0].code == "refused_url");
    CHECK(result.warnings[0].path == "/elements/x/props/href");
    CHECK(result.text == "L");
  }
}

TEST_CASE("A style value from data cannot leave its declaration") {
  const std::string element =
      R"({"type": "Column", "props": {"style": {"color": {"$state": "/data/v"}, "top": 1}}})";
  for (const char* good : {"red", "#fff", "rgb(1, 2, 3)", "'Segoe UI', Arial", "1px solid"}) {
    const Rendered result = with_value(element, good);
    CHECK_THAT(result.html, Contains("style=\"color:"));
    CHECK(result.warnings.empty());
  }
  for (const char* bad : {"red;position:fixed", "red}", "{", "url(javascript:x)", "URL (x)\\",
                          "url(https://track.er)", "expression(alert(1))", "a/*b", "'open", "f(",
                          "x)", "red\ntop:0", "\\75rl(x)", "<!--"}) {
    const Rendered result = with_value(element, bad);
    CHECK_THAT(result.html, Contains("style=\"top:1px\""));
    REQUIRE(result.warnings.size() == 1);
    CHECK(result.warnings[0].code == "refused_style");
    CHECK_THAT(result.warnings[0].path, Contains("/props/style/color"));
  }
}

TEST_CASE("A whole style from data is held to the same rules") {
  const Json body = only(R"({"type": "Column", "props": {"style": {"$state": "/data/v"}}})");
  const Json model =
      Json::parse(R"({"data": {"v": {"color": "red", "a:b;c": "x", "top": "0;x:y"}}})");
  CHECK_THAT(rendered(body, model).html, Contains("style=\"color:red\">"));
  CHECK_FALSE(try_render(body, Json::parse(R"({"data": {"v": "color:red"}})")));
}

TEST_CASE("A directive in data is not obeyed") {
  const auto result =
      try_render(only(R"({"type": "Text", "props": {"text": {"$state": "/data/v"}}})"),
                 Json::parse(R"({"data": {"v": {"$state": "/profile"}}})"));
  CHECK_FALSE(result);
}
