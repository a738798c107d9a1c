#include "tests/unit/render/harness.hpp"

using namespace render_test;

namespace {

// A container of the named elements.
std::string text_with(const std::vector<std::string>& children) {
  Json body = Json::parse(R"({"root": "c", "elements": {
    "hr": {"type": "Hr", "props": {}},
    "img": {"type": "Image", "props": {"src": "https://x/y.png", "alt": "not read"}},
    "p": {"type": "Text", "props": {"text": "para  graph\n two"}},
    "empty": {"type": "Text", "props": {"text": ""}},
    "h1": {"type": "Heading", "props": {"text": "Stra\u00DFe", "as": "h1"}},
    "h4": {"type": "Heading", "props": {"text": "four", "as": "h4"}},
    "link": {"type": "Link", "props": {"text": "label", "href": "https://x.y"}},
    "same": {"type": "Link", "props": {"text": "https://x.y", "href": "https://x.y"}},
    "mail": {"type": "Link", "props": {"text": "write", "href": "mailto:a@b.c"}},
    "part": {"type": "Link", "props": {"text": "up", "href": "#top"}},
    "preview": {"type": "Preview", "props": {"text": "not read"}},
    "nbsp": {"type": "Text", "props": {"text": "a\u00A0 b\u200Bc"}},
    "row": {"type": "Row", "props": {}, "children": ["cell", "cell"]},
    "cell": {"type": "Column", "props": {}, "children": ["link"]}}})");
  body["elements"]["c"] = {
      {"type", "Container"}, {"props", Json::object()}, {"children", children}};
  return rendered(body).text;
}

}  // namespace

TEST_CASE("Plain text sets blocks apart") {
  CHECK(text_with({"p", "p"}) == "para graph two\n\npara graph two");
  CHECK(text_with({"p", "h1", "p"}) == "para graph two\n\n\nSTRASSE\n\npara graph two");
  CHECK(text_with({"p", "h4", "p"}) == "para graph two\n\nFOUR\n\npara graph two");
  CHECK(text_with({"p", "hr", "p"}) ==
        "para graph two\n\n" + std::string(40, '-') + "\n\npara graph two");
}

TEST_CASE("Plain text leaves out pictures and previews") {
  CHECK(text_with({"img", "preview", "p"}) == "para graph two");
}

TEST_CASE("Links in plain text are label and address") {
  CHECK(text_with({"link"}) == "label https://x.y");
  CHECK(text_with({"link", "link"}) == "label https://x.ylabel https://x.y");
  CHECK(text_with({"same"}) == "https://x.y");
  CHECK(text_with({"mail"}) == "write a@b.c");
  CHECK(text_with({"part"}) == "up");
}

TEST_CASE("Cells start lines, rows are blocks") {
  CHECK(text_with({"p", "row", "p"}) ==
        "para graph two\n\nlabel https://x.y\nlabel https://x.y\n\npara graph two");
}

TEST_CASE("Empty paragraphs leave blank lines, except at the start") {
  CHECK(text_with({"empty", "empty", "p"}) == "para graph two");
  CHECK(text_with({"p", "empty", "p"}) == "para graph two\n\n\n\npara graph two");
}

TEST_CASE("No-break space is no blank in plain text, zero width space is") {
  CHECK(text_with({"nbsp"}) == "a\u00A0 b c");
}
