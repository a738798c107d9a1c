#include "tests/unit/render/harness.hpp"

using namespace render_test;
using Catch::Matchers::Contains;

TEST_CASE("A document has doctype, head, and the body's table") {
  const Json body = Json::parse(R"({"root": "h", "elements": {
    "h": {"type": "Html", "props": {}, "children": ["hd", "b"]},
    "hd": {"type": "Head", "props": {}, "children": []},
    "b": {"type": "Body", "props": {"style": {"backgroundColor": "#fff", "margin": "10px"}},
          "children": ["t"]},
    "t": {"type": "Text", "props": {"text": "Hi"}}}})");
  CHECK(rendered(body).html ==
        kDoctype +
            "<html dir=\"ltr\" lang=\"en\"><head><meta content=\"text/html; charset=UTF-8\" "
            "http-equiv=\"Content-Type\"/><meta name=\"x-apple-disable-message-reformatting\"/>"
            "</head><body style=\"background-color:#fff;margin:0\"><table border=\"0\" "
            "width=\"100%\" "
            "cellPadding=\"0\" cellSpacing=\"0\" role=\"presentation\" align=\"center\"><tbody><tr>"
            "<td style=\"background-color:#fff;margin:10px\">" +
            kParagraph + "Hi</p></td></tr></tbody></table></body></html>");
}

TEST_CASE("What stands beside head and body moves into the body in its order") {
  const Json body = Json::parse(R"({"root": "h", "elements": {
    "h": {"type": "Html", "props": {"lang": "de", "dir": "rtl"}, "children": ["y", "b", "z"]},
    "b": {"type": "Body", "props": {}},
    "y": {"type": "Hr", "props": {"style": {"color": "red"}}},
    "z": {"type": "Heading", "props": {"text": "Z"}}}})");
  const std::string html = rendered(body).html;
  CHECK_THAT(html, Contains("<html dir=\"rtl\" lang=\"de\"><head></head><body><hr style="));
  CHECK_THAT(html, Contains("</table><h2>Z</h2></body></html>"));
}

TEST_CASE("Layout components") {
  const std::string y = kParagraph + "y</p>";
  CHECK(html_of(R"({"type": "Container", "props": {}, "children": ["y"]})") ==
        kTable + " style=\"max-width:37.5em\"><tbody><tr style=\"width:100%\"><td>" + y +
            "</td></tr></tbody></table>");
  CHECK(html_of(R"({"type": "Container", "props": {"style": {"maxWidth": 600}}})") ==
        kTable +
            " style=\"max-width:600px\"><tbody><tr style=\"width:100%\"><td></td></tr></tbody>"
            "</table>");
  CHECK(html_of(R"({"type": "Section", "props": {}, "children": ["y"]})") ==
        kTable + "><tbody><tr><td>" + y + "</td></tr></tbody></table>");
  CHECK(html_of(R"({"type": "Row", "props": {}, "children": []})") ==
        kTable + "><tbody style=\"width:100%\"><tr style=\"width:100%\"></tr></tbody></table>");
  CHECK(html_of(R"({"type": "Column", "props": {"style": {"width": "50%"}}, "children": ["y"]})") ==
        "<td data-id=\"__react-email-column\" style=\"width:50%\">" + y + "</td>");
}

TEST_CASE("Text components") {
  CHECK(html_of(R"({"type": "Heading", "props": {"text": "T"}})") == "<h2>T</h2>");
  CHECK(html_of(R"({"type": "Heading", "props": {"text": "T", "as": "h4"}})") == "<h4>T</h4>");
  CHECK(html_of(R"({"type": "Heading", "props": {"text": "T", "as": "script"}})") == "<h2>T</h2>");
  CHECK(html_of(R"({"type": "Link", "props": {"text": "L", "href": "https://x.y"}})") ==
        "<a href=\"https://x.y\" style=\"color:#067df7;text-decoration-line:none\" "
        "target=\"_blank\">L</a>");
  CHECK(html_of(R"({"type": "Hr", "props": {}})") ==
        "<hr style=\"width:100%;border:none;border-top:1px solid #eaeaea\"/>");
  CHECK(html_of(R"({"type": "Image", "props": {"src": "https://x.y/z.png", "alt": "A", "width": 10,
                    "height": "20"}})") ==
        "<img alt=\"A\" height=\"20\" src=\"https://x.y/z.png\" style=\"display:block;outline:none;"
        "border:none;text-decoration:none\" width=\"10\"/>");
}

TEST_CASE("A margin shorthand of a paragraph is kept and taken apart") {
  const auto style_of = [](const std::string& style) {
    const std::string html =
        html_of(R"({"type": "Text", "props": {"text": "", "style": )" + style + "}}");
    return html.substr(0, html.find("\">")).substr(std::string("<p style=\"").size());
  };
  const std::string base = "font-size:14px;line-height:24px;";
  CHECK(style_of(R"({"margin": "10px"})") ==
        base + "margin:10px;margin-top:10px;margin-bottom:10px;margin-left:10px;margin-right:10px");
  CHECK(style_of(R"({"margin": "1px 2px 3px"})") ==
        base +
            "margin:1px 2px 3px;margin-top:1px;margin-right:2px;margin-bottom:3px;margin-left:2px");
  CHECK(style_of(R"({"margin": "1 2 3 4 5"})") == base + "margin:1 2 3 4 5");
  CHECK(style_of(R"({"margin": "1px", "marginTop": "3px"})") ==
        base + "margin:1px;margin-top:3px;margin-bottom:1px;margin-left:1px;margin-right:1px");
  CHECK(style_of(R"({"marginTop": "3px", "fontSize": 20})") ==
        "font-size:20px;line-height:24px;margin-top:3px;margin-bottom:16px");
}

TEST_CASE("Style values print as React prints them") {
  const auto hr = [](const std::string& style) {
    return html_of(R"({"type": "Section", "props": {"style": )" + style + "}}")
        .substr(kTable.size());
  };
  CHECK_THAT(hr(R"({"lineHeight": 1.5, "zIndex": 3, "width": 12.0, "top": 0, "left": 1e-7})"),
             Contains("\"line-height:1.5;z-index:3;width:12px;top:0;left:1e-7px\""));
  CHECK_THAT(hr(R"({"line-height": 1.5, "--x": 3, "msTransform": "a", "msoHide": "b"})"),
             Contains("\"line-height:1.5px;--x:3;-ms-transform:a;mso-hide:b\""));
  CHECK_THAT(hr(R"({"a": null, "b": true, "c": "", "d": "  "})"), Contains("style=\"d:\""));
  CHECK_THAT(hr(R"({"a": null})"), Catch::StartsWith("><tbody>"));
  CHECK_THAT(hr(R"({"font": "'A' \"B\" & <c>"})"),
             Contains("font:&#x27;A&#x27; &quot;B&quot; &amp; &lt;c&gt;\""));
}

TEST_CASE("A heading level that is none is told") {
  const Json body =
      only(R"({"type": "Heading", "props": {"text": "T", "as": {"$state": "/data/v"}}})");
  const auto level = [&](const char* value) {
    return rendered(body, Json{{"data", {{"v", value}}}});
  };
  CHECK(level("h4").html == kDoctype + "<h4>T</h4>");
  CHECK(level("h4").warnings.empty());
  const Rendered wrong = level("script");
  CHECK(wrong.html == kDoctype + "<h2>T</h2>");
  REQUIRE(wrong.warnings.size() == 1);
  CHECK(wrong.warnings[0].code == "unknown_level");
  CHECK(wrong.warnings[0].path == "/elements/x/props/as");
}

TEST_CASE("A button carries padding for Outlook") {
  CHECK(
      html_of(R"({"type": "Button", "props": {"text": "Go", "href": "https://x.y",
                    "style": {"padding": "12px 24px"}}})") ==
      "<a href=\"https://x.y\" style=\"line-height:100%;text-decoration:none;display:inline-block;"
      "max-width:100%;mso-padding-alt:0px;padding:12px 24px;padding-top:12px;padding-right:24px;"
      "padding-bottom:12px;padding-left:24px\" target=\"_blank\"><span><!--[if mso]><i "
      "style=\"mso-font-width:400%;mso-text-raise:18\" hidden>&#8202;&#8202;&#8202;</i><![endif]-->"
      "</span><span style=\"max-width:100%;display:inline-block;line-height:120%;"
      "mso-padding-alt:0px;mso-text-raise:9px\">Go</span><span><!--[if mso]><i "
      "style=\"mso-font-width:400%\" "
      "hidden>&#8202;&#8202;&#8202;&#8203;</i><![endif]--></span></a>");
  CHECK_THAT(html_of(R"({"type": "Button", "props": {"text": "B", "href": "https://x.y",
                         "style": {"padding": "1em 10% -3px 5pt"}}})"),
             Contains("padding-top:16px;padding-right:60px;padding-bottom:0;padding-left:0\""));
  const std::string huge = html_of(R"({"type": "Button", "props": {"text": "B", "href": "#",
                                       "style": {"padding": 1e300}}})");
  CHECK(huge.size() < 50'000);
}

TEST_CASE("A preview is filled up to 150 UTF-16 units") {
  const std::string filler = "\u00A0\u200C\u200B\u200D\u200E\u200F\uFEFF";
  const auto fillers = [&](const std::string& html) {
    std::size_t count = 0;
    for (std::size_t at = 0; (at = html.find(filler, at)) != std::string::npos; ++at) ++count;
    return count;
  };
  const auto preview = [](const std::string& text) {
    return html_of(R"({"type": "Preview", "props": {"text": ")" + text + "\"}}");
  };
  CHECK_THAT(preview("a&b"), Contains("data-skip-in-text=\"true\">a&amp;b<div>" + filler));
  CHECK(fillers(preview("abc")) == 147);
  CHECK(fillers(preview("\U0001F600")) == 148);
  CHECK(fillers(preview(std::string(150, 'x'))) == 0);
  CHECK_THAT(preview(std::string(200, 'x')), Contains(">" + std::string(150, 'x') + "</div>"));
  CHECK_THAT(preview(std::string(149, 'x') + "\U0001F600"), Contains("x<div>\u00A0"));
  CHECK_THAT(error_of(R"({"type": "Preview", "props": {"text": 5}})"), Contains("/props/text"));
}

TEST_CASE("A preheader becomes a preview unless the template has one") {
  const auto spec = [](const char* child) {
    return parsed(
        Json{{"root", "h"},
             {"elements",
              {{"h", {{"type", "Html"}, {"props", Json::object()}, {"children", {child}}}},
               {"p", {{"type", "Preview"}, {"props", {{"text", "own"}}}}},
               {"b", {{"type", "Body"}, {"props", Json::object()}}}}}});
  };
  const auto with = segmentflow::render::render(*spec("b").spec, {}, "first <look>");
  REQUIRE(with);
  CHECK_THAT(with->html,
             Contains("<body><div style=\"display:none;") && Contains("first &lt;look&gt;<div>"));
  CHECK(with->text.empty());
  const auto own = segmentflow::render::render(*spec("p").spec, {}, "first");
  REQUIRE(own);
  CHECK_THAT(own->html, Contains("own") && !Contains("first"));
}
