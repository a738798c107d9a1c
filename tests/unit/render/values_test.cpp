// What values become where they land: in addresses, in texts, where they are cut.
#include "schemas/describe/utf8.hpp"
#include "tests/unit/render/harness.hpp"

using namespace render_test;
using Catch::Matchers::Contains;

namespace {

// The address of a link with that expression; "" when there is none.
std::string href(const std::string& expression, const std::string& data) {
  const std::string html =
      html_of(R"({"type": "Link", "props": {"text": "x", "href": )" + expression + "}}",
              R"({"data": )" + data + "}");
  const std::size_t start = html.find("href=\"");
  if (start == std::string::npos) return "";
  const std::size_t from = start + 6;
  return html.substr(from, html.find('"', from) - from);
}

std::string filled(const std::string& text, const std::string& data) {
  return href(R"({"$template": ")" + text + "\"}", data);
}

// The paths at fault of an element that cannot be rendered.
std::string failed_path(const std::string& element, const std::string& data) {
  const auto result = try_render(only(element), Json::parse(R"({"data": )" + data + "}"));
  return result ? "" : result.error().problems.at(0).path;
}

}  // namespace

TEST_CASE("A value within an address is percent-encoded") {
  const std::string address = "https://example.com/?who=${/data/w}&ok=1";
  CHECK(filled(address, R"({"w": "Tom & Co #1"})") ==
        "https://example.com/?who=Tom%20%26%20Co%20%231&amp;ok=1");
  CHECK(filled(address, R"({"w": "sam+a@example.com"})") ==
        "https://example.com/?who=sam%2Ba%40example.com&amp;ok=1");
  CHECK(filled(address, R"({"w": "1&admin=1"})") ==
        "https://example.com/?who=1%26admin%3D1&amp;ok=1");
  CHECK(filled("https://example.com/${/data/w}", R"x({"w": "a/../\u00FC-_.!~*()"})x") ==
        "https://example.com/a%2F..%2F%C3%BC-_.!~*()");
  CHECK(filled("https://example.com/${/data/w}/${/data/n}", R"({"w": 7, "n": true})") ==
        "https://example.com/7/true");
  const std::string src = html_of(R"({"type": "Image", "props": {"alt": "",
                                     "src": {"$template": "https://a.example/${/data/w}"}}})",
                                  R"({"data": {"w": "a b.png"}})");
  CHECK_THAT(src, Contains("src=\"https://a.example/a%20b.png\""));
}

TEST_CASE("A value that begins an address stays as it is, those after it do not") {
  const std::string data = R"({"base": "https://example.com/a?b=1&c=2", "w": "x y&z", "none": ""})";
  CHECK(href(R"({"$state": "/data/base"})", data) == "https://example.com/a?b=1&amp;c=2");
  CHECK(filled("${/data/base}", data) == "https://example.com/a?b=1&amp;c=2");
  CHECK(filled("${/data/base}&d=${/data/w}", data) ==
        "https://example.com/a?b=1&amp;c=2&amp;d=x%20y%26z");
  CHECK(filled("${/data/none}${/data/missing}${/data/base}", data) ==
        "https://example.com/a?b=1&amp;c=2");
}

TEST_CASE("A value begins an address also after blanks, which nobody reads") {
  const std::string data = R"({"url": "https://example.com/a?b=1"})";
  CHECK(filled(" ${/data/url}", data).find("https://example.com/a?b=1") != std::string::npos);
  CHECK(filled("\\n ${/data/url}", data).find("https://example.com/a?b=1") != std::string::npos);
}

TEST_CASE("What is left out of HTML lets nothing through that a style refuses") {
  for (const std::string& value :
       {std::string(R"(ur\u0080l(https://t.example/p.png))"), std::string(R"(red/\u0085* x)"),
        std::string(R"(expres\u009Fsion(1))"), std::string(R"(r\u007Fed)")}) {
    const std::string html = html_of(R"({"type": "Text", "props": {"text": "x", "style":
                                        {"background": {"$state": "/data/c"}}}})",
                                     R"({"data": {"c": ")" + value + R"("}})");
    CAPTURE(value);
    CHECK(html.find("background") == std::string::npos);
  }
}

TEST_CASE("Addresses are put together by functions as well") {
  const std::string data =
      R"({"base": "https://example.com/", "w": "a b", "l": ["https://example.com", "c d"]})";
  const auto concat = [](const std::string& arguments) {
    return R"({"$computed": "concat", "args": {)" + arguments + "}}";
  };
  const std::string w = R"({"$state": "/data/w"})";
  CHECK(href(concat(R"("a": "https://example.com/?q=", "b": )" + w + R"(, "c": "&d=1")"), data) ==
        "https://example.com/?q=a%20b&amp;d=1");
  CHECK(href(concat(R"("a": {"$state": "/data/base"}, "b": )" + w), data) ==
        "https://example.com/a%20b");
  CHECK(href(concat(R"("a": "https://example.com/", "b": {"$template": "${/data/w}/x"})"), data) ==
        "https://example.com/a%20b/x");
  CHECK(href(concat(R"("a": "https://example.com", "b": {"$computed": "default",
        "args": {"value": {"$state": "/data/none"}, "fallback": "/home?x=1"}})"),
             data) == "https://example.com/home?x=1");
  CHECK(href(R"({"$computed": "join", "args": {"value": {"$state": "/data/l"}, "separator": "/"}})",
             data) == "https://example.com/c%20d");
  CHECK(href(R"({"$computed": "join", "args": {"value": ["https://example.com", )" + w +
                 R"(], "separator": "/?q="}})",
             data) == "https://example.com/?q=a%20b");
  CHECK(href(
            R"({"$computed": "lower", "args": {"value":
            {"$template": "HTTPS://EXAMPLE.COM/${/data/w}"}}})",
            data) == "https://example.com/a%20b");
  CHECK(href(
            R"({"$cond": {"$state": "/data/w"},
            "$then": {"$template": "https://example.com/${/data/w}"},
        "$else": "https://example.com"})",
            data) == "https://example.com/a%20b");
}

TEST_CASE("Telephone numbers and mail addresses keep what belongs to them") {
  const std::string data = R"({"p": "+49 30 1", "m": "sam+a@example.com", "s": "a&b=c@d"})";
  CHECK(filled("tel:${/data/p}", data) == "tel:+49%2030%201");
  CHECK(filled("mailto:${/data/m}", data) == "mailto:sam+a@example.com");
  CHECK(filled("mailto:${/data/m}?subject=${/data/s}", data) ==
        "mailto:sam+a@example.com?subject=a%26b%3Dc%40d");
}

TEST_CASE("An object cannot stand where text does, however it comes there") {
  const std::string data = R"({"o": {"b": 1}, "l": [1, {"b": 1}], "n": [1, [2, "x"]]})";
  for (const std::string value : {"/data/o", "/data/l"}) {
    const std::string state = R"({"$state": ")" + value + "\"}";
    for (const std::string& text : std::vector<std::string>{
             state, R"({"$template": "To: ${)" + value + "}\"}", "[1, " + state + "]",
             R"({"$computed": "concat", "args": {"a": "x", "b": )" + state + "}}",
             R"({"$computed": "join", "args": {"value": [)" + state + "]}}",
             R"({"$computed": "join", "args": {"value": [{}, {}]}})",
             R"({"$computed": "default", "args": {"value": )" + state + "}}"}) {
      CAPTURE(text);
      for (const std::string type : {"Text", "Heading"}) {
        CHECK(failed_path(R"({"type": ")" + type + R"(", "props": {"text": )" + text + "}}",
                          data) == "/elements/x/props/text");
      }
      CHECK(failed_path(R"({"type": "Preview", "props": {"text": )" + text + "}}", data) ==
            "/elements/x/props/text");
      CHECK(failed_path(R"({"type": "Markdown", "props": {"content": )" + text + "}}", data) ==
            "/elements/x/props/content");
      CHECK(failed_path(R"({"type": "Link", "props": {"text": "x", "href": )" + text + "}}",
                        data) == "/elements/x/props/href");
      for (const std::string name : {"alt", "width"}) {
        CHECK(failed_path(R"({"type": "Image", "props": {"src": "https://a.example", ")" + name +
                              "\": " + text + "}}",
                          data) == "/elements/x/props/" + name);
      }
      CHECK(failed_path(R"({"type": "Html", "props": {"lang": )" + text + "}}", data) ==
            "/elements/x/props/lang");
    }
  }
  CHECK(html_of(R"({"type": "Heading", "props": {"text": {"$template": "${/data/n}"}}})",
                R"({"data": )" + data + "}") == "<h2>1,2,x</h2>");
  const Rendered styled = rendered(
      only(R"({"type": "Column", "props": {"style": {"color": {"$state": "/data/o"}, "top": 1}}})"),
      Json::parse(R"({"data": )" + data + "}"));
  CHECK_THAT(styled.html, Contains("style=\"top:1px\""));
  CHECK(styled.warnings.at(0).code == "refused_style");
}

TEST_CASE("Control characters reach neither part") {
  const std::string data =
      R"({"data": {"v": "a\u0000b\u0007c\u001B\u007F\u0085\u009Fd\u00A0\te"}})";
  for (const std::string text : {R"({"$state": "/data/v"})", R"({"$template": "${/data/v}"})",
                                 R"("a\u0000b\u0007c\u001B\u007F\u0085\u009Fd\u00A0\te")"}) {
    const std::string element =
        R"({"type": "Heading", "props": {"as": "h4", "text": )" + text + "}}";
    CHECK(html_of(element, data) == "<h4>abcd\u00A0\te</h4>");
    CHECK(text_of(element, data) == "ABCD\u00A0 E");
  }
  CHECK_THAT(html_of(R"({"type": "Image", "props": {"src": "https://a.example",
                         "alt": {"$state": "/data/v"}}})",
                     data),
             Contains("alt=\"abcd\u00A0\te\""));
  CHECK(text_of(R"({"type": "Markdown", "props": {"content": "`a\u0007b`\n\n    c\u0007d"}})") ==
        "ab\n\ncd\n");
}

TEST_CASE("A preheader is cut before a character that readers see as one") {
  const auto preview = [](const std::string& text) {
    const auto result =
        rendered(only(R"({"type": "Preview", "props": {"text": {"$state": "/data/v"}}})"),
                 Json{{"data", {{"v", text}}}});
    const std::size_t start = result.html.find("data-skip-in-text=\"true\">") + 25;
    return result.html.substr(start, result.html.find('<', start) - start);
  };
  const std::string x(149, 'x');
  const std::string y = "y";
  for (const std::string character :
       {"\U0001F600", "e\u0301", "\U0001F468\u200D\U0001F469\u200D\U0001F467",
        "\U0001F1E9\U0001F1EA", "\U0001F44D\U0001F3FD", "\u2764\uFE0F", "\u1112\u1161\u11AB",
        "\u0915\u0940"}) {
    CAPTURE(character);
    CHECK(preview(x + character + character) == x);
    CHECK(preview(std::string(100, 'x') + character + y) == std::string(100, 'x') + character + y);
  }
  CHECK(preview(x + "yz") == x + "y");
}

TEST_CASE("Beginnings of texts keep characters whole, in each unit") {
  using describe::beginning_of;
  using describe::TextUnit;
  const std::string family = "\U0001F468\u200D\U0001F469";
  CHECK(beginning_of("ab" + family, 4, TextUnit::CodePoints) == "ab");
  CHECK(beginning_of("ab" + family, 5, TextUnit::CodePoints) == "ab" + family);
  CHECK(beginning_of("ab" + family, 6, TextUnit::Utf16) == "ab");
  CHECK(beginning_of("ab" + family, 7, TextUnit::Utf16) == "ab" + family);
  CHECK(describe::utf8_beginning("ab" + family, 12) == "ab");
  CHECK(describe::utf8_beginning("ab" + family, 13) == "ab" + family);
  CHECK(describe::utf8_beginning("a\r\nb", 2) == "a");
  // One that is longer than there is room: its code points stay whole.
  CHECK(describe::utf8_beginning(family, 8) == "\U0001F468\u200D");
  CHECK(describe::utf8_beginning(family, 3) == "");
  std::size_t units = 0;
  CHECK(beginning_of("ab\U0001F600c", 3, TextUnit::Utf16, &units) == "ab");
  CHECK(units == 2);
}

TEST_CASE("Nothing is seen of blanks and of characters without a shape") {
  for (const char* blank : {"", " \t\r\n", "\u00A0\u2003\u3000", "\u200B\u200D\uFEFF\u00AD",
                            "\u2060\uFE0F\u034F", "\u115F\u3164", "\u2800"}) {
    CHECK(describe::shows_nothing(blank));
  }
  for (const char* seen : {"x", " .", "\u200B!", "\u0301", "\U0001F600"}) {
    CHECK_FALSE(describe::shows_nothing(seen));
  }
}
