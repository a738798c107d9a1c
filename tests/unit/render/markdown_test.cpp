// The Markdown component: its HTML and text are held to the reference in tests/render; here is what
// is refused, what is told about it, and where it ends.
#include "core/templates/render/markdown_tree.hpp"

#include "tests/unit/render/harness.hpp"

using namespace render_test;
using Catch::Matchers::Contains;

namespace {

Json markdown(const Json& content, const Json& more = Json::object()) {
  Json body = only(R"({"type": "Markdown", "props": {}})");
  Json& props = body["elements"]["x"]["props"];
  props = more;
  props["content"] = content;
  return body;
}

// The HTML within the component's own block.
std::string inner(const std::string& content, const Json& more = Json::object()) {
  const std::string opening = kDoctype + "<div data-id=\"react-email-markdown\">";
  const std::string html = rendered(markdown(content, more)).html;
  REQUIRE(html.starts_with(opening));
  REQUIRE(html.ends_with("</div>"));
  return html.substr(opening.size(), html.size() - opening.size() - 6);
}

std::string text(const std::string& content) {
  return rendered(markdown(content)).text;
}

// "code path" of each warning of this rendering.
std::string warnings(const Json& body, const Json& model = Json::object()) {
  std::string all;
  for (const Finding& warning : rendered(body, model).warnings) {
    all += (all.empty() ? "" : ", ") + warning.code + " " + warning.path;
  }
  return all;
}

std::string nested_quotes(std::size_t depth) {
  return std::string(depth, '>') + " x";
}

}  // namespace

TEST_CASE("Markdown becomes elements with styles of their own") {
  CHECK(inner("one\n\ntwo") == "<p>one</p>\n<p>two</p>\n");
  CHECK(inner("a **b** *c* ~~d~~") ==
        "<p>a <strong style=\"font-weight:bold\">b</strong> <em style=\"font-style:italic\">c</em> "
        "<del>d</del></p>\n");
  CHECK_THAT(inner("# T"),
             Contains("<h1 style=\"font-weight:500;padding-top:20px;font-size:2.5rem\">T</h1>"));
  CHECK(inner("* a\n* b") == "<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n");
  CHECK(inner("4. a\n5. b") == "<ol start=\"4\">\n<li>a</li>\n<li>b</li>\n</ol>\n");
  CHECK_THAT(inner("[L](https://x.y \"T & U\")"),
             Contains("<a href=\"https://x.y\" target=\"_blank\" title=\"T &amp; U\""));
  CHECK_THAT(inner("| a | b |\n|:-:|---|\n| c | d |"),
             Contains("<th align=\"center\">a</th>") && Contains("<td>d</td>"));
}

TEST_CASE("Markdown reads well as plain text") {
  CHECK(text("# Title\n\none\n\n* a\n* b") == "TITLE\n\none\n\n * a\n * b");
  CHECK(text("1. a\n2. b") == " 1. a\n 2. b");
  CHECK(text("[L](https://x.y) ![not read](https://x.y/z.png)") == "L https://x.y");
  CHECK(text("&euro; &lt;") == "\u20AC <");
}

TEST_CASE("Custom styles of Markdown take the place of its own") {
  const Json custom = {{"markdownCustomStyles",
                        {{"bold", {{"color", "red"}, {"fontSize", 12}, {"lineHeight", 2}}}}}};
  CHECK_THAT(inner("**b**", custom),
             Contains("<strong style=\"color:red;font-size:12px;line-height:2\">"));
  const Json plain = {{"markdownCustomStyles", {{"bold", nullptr}}}};
  CHECK_THAT(inner("**b**", plain), Contains("<strong>b</strong>"));
  const Json container = {{"markdownContainerStyles", {{"color", "blue"}}}};
  CHECK_THAT(rendered(markdown("x", container)).html,
             Contains("<div data-id=\"react-email-markdown\" style=\"color:blue\">"));
}

TEST_CASE("HTML in Markdown is left out, and told") {
  for (const char* content : {"a <b>b</b> c", "<script>alert(1)</script>", "<!-- x -->\n\nb",
                              "a <img src=x onerror=alert(1)> c"}) {
    CAPTURE(content);
    const std::string html = rendered(markdown(content)).html;
    CHECK_THAT(html,
               !Contains("<b>") && !Contains("<script") && !Contains("<!--") && !Contains("<img"));
    CHECK(warnings(markdown(content)) == "refused_html /elements/x/props/content");
  }
  CHECK(inner("a < b & `<i>`").find("<i>") == std::string::npos);
  CHECK(warnings(markdown("a < b & `<i>`")).empty());
}

TEST_CASE("Addresses in Markdown are held to the rules of links") {
  for (const char* content :
       {"[x](javascript:alert(1))", "[x](JaVaScRiPt:alert)", "![x](data:image/png;base64,xx)",
        "[x](//x.y)", "[x](/relative)", "[x][r]\n\n[r]: vbscript:x"}) {
    CAPTURE(content);
    const std::string html = rendered(markdown(content)).html;
    CHECK_THAT(html, !Contains("href=") && !Contains("src="));
    CHECK(warnings(markdown(content)) == "refused_url /elements/x/props/content");
  }
  CHECK(warnings(markdown("[x](https://x.y) [m](mailto:a@b.co) <a@b.co>")).empty());
  CHECK_THAT(inner("[x](https://x.y/?a=1&b=\"><script>)"), !Contains("<script"));
}

TEST_CASE("Markdown from data is held to the same rules") {
  const Json body = markdown({{"$state", "/data/v"}});
  Json hostile;
  hostile["data"]["v"] = "<b>x</b> [y](javascript:z)";
  CHECK_THAT(rendered(body, hostile).html, !Contains("<b>") && !Contains("href="));
  CHECK(warnings(body, hostile) ==
        "refused_html /elements/x/props/content, refused_url /elements/x/props/content");
  for (const char* value : {"5", "[\"a\"]", "{\"a\": 1}", "null"}) {
    CAPTURE(value);
    Json model;
    model["data"]["v"] = Json::parse(value);
    const auto failed = try_render(body, model);
    REQUIRE_FALSE(failed);
    CHECK(failed.error().problems.at(0).path == "/elements/x/props/content");
  }
}

TEST_CASE("A custom style from data cannot leave its declaration") {
  const Json body = markdown("**b**", {{"markdownCustomStyles", {{"$state", "/data/v"}}}});
  const Json model =
      Json::parse(R"({"data": {"v": {"bold": {"color": "red;top:0", "margin": 1, "a:b": "c"}}}})");
  CHECK_THAT(rendered(body, model).html, Contains("<strong style=\"margin:1px\">"));
  CHECK(warnings(body, model) ==
        "refused_style /elements/x/props/markdownCustomStyles/bold/color, "
        "refused_style /elements/x/props/markdownCustomStyles/bold/a:b");
}

TEST_CASE("Markdown ends at its depth and at the budget") {
  using segmentflow::render::kMarkdownDepthMax;
  const std::size_t quotes_max = kMarkdownDepthMax - 1;  // and the paragraph
  CHECK_THAT(inner(nested_quotes(quotes_max)), Contains("<p>x</p>"));
  // As parts of each kind reach the limit, and far beyond it.
  for (const std::string& content :
       {nested_quotes(quotes_max + 1), nested_quotes(quotes_max + 2), nested_quotes(10'000),
        nested_quotes(quotes_max) + " *y*", "before\n\n" + nested_quotes(100) + "\n\nafter"}) {
    const auto deep = try_render(markdown(content));
    REQUIRE_FALSE(deep);
    CHECK_THAT(deep.error().message, Contains("nested deeper than 60 levels"));
    CHECK(deep.error().problems.at(0).path == "/elements/x/props/content");
  }
  Budget budget;
  budget.output_bytes_max = 1'000;
  const auto large = try_render(markdown(std::string(2'000, 'x')), Json::object(), budget);
  REQUIRE_FALSE(large);
  CHECK_THAT(large.error().message, Contains("larger than 1000 bytes"));
}
