// Values in Markdown are text, whatever they hold and wherever they stand.
#include "tests/unit/render/harness.hpp"

using namespace render_test;
using Catch::Matchers::Contains;

namespace {

Rendered with(const Json& content, const Json& data = Json::object()) {
  Json body = only(R"({"type": "Markdown", "props": {}})");
  body["elements"]["x"]["props"]["content"] = content;
  return rendered(body, {{"data", data}});
}

Rendered filled(const std::string& markdown, const std::string& value) {
  return with({{"$template", markdown}}, {{"v", value}});
}

// What stands in the component's block.
std::string inner(const Rendered& rendered) {
  const std::size_t start = rendered.html.find('>', kDoctype.size()) + 1;
  return rendered.html.substr(start, rendered.html.size() - start - 6);
}

std::string escaped(std::string_view text) {
  std::string html;
  for (const char c : text) {
    const std::size_t at = std::string_view("&<>\"'").find(c);
    constexpr std::array<std::string_view, 5> kEntities = {"&amp;", "&lt;", "&gt;", "&quot;",
                                                           "&#x27;"};
    if (at == std::string_view::npos) {
      html.push_back(c);
    } else {
      html.append(kEntities[at]);
    }
  }
  return html;
}

constexpr std::array kMarked = {"size 4*5*6",
                                "**bold** _soft_ ~~gone~~",
                                "[click](https://evil.example)",
                                "![pic](https://evil.example/x.png)",
                                "<https://evil.example>",
                                "https://example.com/~sam~",
                                "www.example.com/*all*",
                                "sam_reed_@example.com",
                                "> not a quote",
                                "# not a heading",
                                "- not an item",
                                "- [x] not a task",
                                "1. not a number",
                                "===",
                                "---",
                                "***",
                                "```",
                                "`code`",
                                "``",
                                "a | b",
                                "|---|---|",
                                "&amp; &#65; &copy;",
                                "<b>not HTML</b> <!-- no -->",
                                "\\*not escaped\\*",
                                "[ref]: https://evil.example",
                                "](",
                                "*",
                                "ends with \\",
                                "\U000F0000\U000F0003\U0010FFFD"};

}  // namespace

TEST_CASE("A value in Markdown is text wherever it stands") {
  const std::string p = "<p>";
  for (const std::string value : kMarked) {
    CAPTURE(value);
    const std::string html = escaped(value);
    CHECK(inner(filled("${/data/v}", value)) == "<p>" + html + "</p>\n");
    CHECK(filled("${/data/v}", value).text == value);
    CHECK(inner(filled("a ${/data/v} b", value)) == "<p>a " + html + " b</p>\n");
    CHECK(inner(filled("- ${/data/v}\n- b", value)) ==
          "<ul>\n<li>" + html + "</li>\n<li>b</li>\n</ul>\n");
    CHECK_THAT(inner(filled("**${/data/v}**", value)), Contains("\">" + html + "</strong>"));
    CHECK_THAT(inner(filled("[${/data/v}](https://a.example)", value)),
               Contains("<a href=\"https://a.example\"") && Contains(">" + html + "</a>"));
    CHECK_THAT(inner(filled("# ${/data/v}", value)), Contains("\">" + html + "</h1>"));
    CHECK_THAT(inner(filled("`${/data/v}`", value)), Contains("\">" + html + "</code>"));
    CHECK_THAT(inner(filled("```\n${/data/v}\n```", value)),
               Contains("<code>" + html + "\n</code></pre>"));
    CHECK_THAT(inner(filled("    ${/data/v}", value)),
               Contains("<code>" + html + "\n</code></pre>"));
    CHECK_THAT(inner(filled("| ${/data/v} | b |\n|---|---|\n| c | d |", value)),
               Contains("<th>" + html + "</th>"));
    CHECK_THAT(inner(filled("![${/data/v}](https://a.example/x.png \"${/data/v}\")", value)),
               Contains("alt=\"" + html + "\" title=\"" + html + "\""));
    CHECK(filled("${/data/v}", value).warnings.empty());
  }
}

TEST_CASE("Values do not see each other") {
  const Json data = {{"a", "**"}, {"b", "x"}, {"c", "["}, {"d", "](https://evil.example)"}};
  CHECK(inner(with({{"$template", "${/data/a}${/data/b}${/data/a}"}}, data)) == "<p>**x**</p>\n");
  CHECK(inner(with({{"$template", "${/data/c}y${/data/d}"}}, data)) ==
        "<p>[y](https://evil.example)</p>\n");
  CHECK(inner(with({{"$template", "*${/data/b}${/data/a}*"}}, data)) ==
        "<p><em style=\"font-style:italic\">x**</em></p>\n");
}

TEST_CASE("No entity stands for a value") {
  CHECK(inner(filled("&#xF0005; &#983045; ${/data/v}", "x")) == "<p>\uFFFD \uFFFD x</p>\n");
  CHECK_THAT(filled("[a](https://a.example/&#xF0005; \"&#xF0005;\") ${/data/v}", "secret").html,
             Contains("title=\"\uFFFD\""));
}

TEST_CASE("Lines of a value in Markdown stay lines") {
  const Rendered address = filled("To:\n\n${/data/v}\n\nEnd.", "Sam Reed\r\n1 Way\n\nTown\n");
  CHECK(inner(address) ==
        "<p>To:</p>\n<p>Sam Reed<br />1 Way<br /><br />Town<br /></p>\n<p>End.</p>\n");
  CHECK(address.text == "To:\n\nSam Reed\n1 Way\n\nTown\n\nEnd.");
  CHECK(filled("| a | b |\n|---|---|\n| ${/data/v} | d |", "one\ntwo").text ==
        "a | b\none two | d");
  CHECK(filled("```\n${/data/v}\n```", "one\n  two").text == "one\n  two\n");
  CHECK(filled("a\n\n${/data/v}\n\nb", "").text == "a\n\nb");
  CHECK(inner(filled("a\n\n${/data/v}\n\nb", "")) == "<p>a</p>\n<p>b</p>\n");
}

TEST_CASE("Values in an address are percent-encoded unless they begin it") {
  const auto link = [](const std::string& address, const std::string& value) {
    const std::string html = inner(filled("[l](" + address + ")", value));
    const std::size_t start = html.find("href=\"");
    return start == html.npos ? "" : html.substr(start + 6, html.find('"', start + 6) - start - 6);
  };
  CHECK(link("https://a.example/?w=${/data/v}&ok=1", "Tom & Co #1") ==
        "https://a.example/?w=Tom%20%26%20Co%20%231&amp;ok=1");
  CHECK(link("https://a.example/${/data/v}", ") [x](https://evil.example/\"") ==
        "https://a.example/)%20%5Bx%5D(https%3A%2F%2Fevil.example%2F%22");
  CHECK(link("${/data/v}", "https://a.example/*x*?a=1&b=_2_") ==
        "https://a.example/*x*?a=1&amp;b=_2_");
  CHECK(link("${/data/v}/way", "https://a.example/*x*") == "https://a.example/*x*/way");
  CHECK(link("${/data/v}", "javascript:alert(1)").empty());
  const Rendered bare = filled("https://a.example/o/${/data/v}.", "a b");
  CHECK_THAT(bare.html, Contains("<a href=\"https://a.example/o/a%20b\"") &&
                            Contains(">https://a.example/o/a%20b</a>."));
  CHECK(bare.text == "https://a.example/o/a%20b.");
}

TEST_CASE("What the template says is Markdown, in each form of content") {
  const auto html = [](const char* content) {
    return inner(with(Json::parse(content),
                      {{"v", "*v*"}, {"e", ""}, {"list", {"*a*", "*b*"}}, {"yes", true}}));
  };
  const std::string em = "<em style=\"font-style:italic\">";
  CHECK(html(R"({"$computed": "concat", "args": {"a": "*x* ", "b": {"$state": "/data/v"}}})") ==
        "<p>" + em + "x</em> *v*</p>\n");
  CHECK(html(R"({"$computed": "join", "args": {"value": {"$state": "/data/list"},
                 "separator": " *and* "}})") == "<p>*a* " + em + "and</em> *b*</p>\n");
  CHECK(html(R"({"$computed": "join", "args": {"value": ["*x*", {"$state": "/data/v"}]}})") ==
        "<p>" + em + "x</em>, *v*</p>\n");
  CHECK(html(R"({"$cond": {"$state": "/data/yes"}, "$then": {"$template": "*t* ${/data/v}"},
                 "$else": ""})") == "<p>" + em + "t</em> *v*</p>\n");
  CHECK(html(R"({"$computed": "default", "args": {"value": {"$state": "/data/e"},
                 "fallback": "*f*"}})") == "<p>" + em + "f</em></p>\n");
  CHECK(html(R"({"$computed": "upper", "args": {"value": {"$state": "/data/v"}}})") ==
        "<p>*V*</p>\n");
  CHECK(html(R"({"$computed": "concat", "args": {"a": {"$state": "/data/v"}}})") == "<p>*v*</p>\n");
}

TEST_CASE("A value that is the content as a whole is Markdown") {
  CHECK_THAT(inner(with({{"$state", "/data/v"}}, {{"v", "# *v*"}})), Contains("<h1"));
  CHECK_THAT(inner(with(Json::parse(R"({"$computed": "default", "args": {
                 "value": {"$state": "/data/v"}, "fallback": "none"}})"),
                        {{"v", "# *v*"}})),
             Contains("<h1"));
}

TEST_CASE("Markdown with more values than can be told apart is an error") {
  Json list = Json::array();
  for (int at = 0; at < 50'001; ++at) list.push_back("x");
  Json body = only(R"({"type": "Markdown", "props": {"content": {"$computed": "concat", "args": {
    "a": {"$computed": "join", "args": {"value": {"$state": "/data/v"}}},
    "b": {"$computed": "join", "args": {"value": {"$state": "/data/v"}}}}}}})");
  const auto failed = try_render(body, {{"data", {{"v", list}}}});
  REQUIRE_FALSE(failed);
  CHECK_THAT(failed.error().message, Contains("more than 100000 values"));
}
