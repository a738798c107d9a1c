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
    "yes": {"type": "Button", "props": {"text": "Approve", "href": "https://x.y/yes"}},
    "no": {"type": "Button", "props": {"text": "Reject", "href": "https://x.y/no"}},
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
  CHECK(text_with({"same"}) == "https://x.y");
  CHECK(text_with({"mail"}) == "write a@b.c");
  CHECK(text_with({"part"}) == "up");
}

TEST_CASE("Neighbours in plain text do not stick together") {
  CHECK(text_with({"link", "link"}) == "label https://x.y label https://x.y");
  CHECK(text_with({"yes", "no"}) == "Approve https://x.y/yes\nReject https://x.y/no");
  CHECK(text_with({"link", "img", "mail"}) == "label https://x.y write a@b.c");
  CHECK(text_with({"yes", "link", "no"}) ==
        "Approve https://x.y/yes\nlabel https://x.y\nReject https://x.y/no");
  CHECK(text_with({"p", "yes", "p"}) ==
        "para graph two\n\nApprove https://x.y/yes\n\npara graph two");
}

TEST_CASE("What follows the address of a link does not become a part of it") {
  const auto markdown = [](const char* content) {
    Json body = only(R"({"type": "Markdown", "props": {}})");
    body["elements"]["x"]["props"]["content"] = content;
    return rendered(body).text;
  };
  CHECK(markdown("[a](https://a.example)[b](https://b.example)") ==
        "a https://a.example b https://b.example");
  CHECK(markdown("[a](https://a.example)s, ([b](https://b.example)).") ==
        "a https://a.example s, (b https://b.example).");
  CHECK(markdown("[a](https://a.example)**b** [c](https://c.example)*") ==
        "a https://a.example b c https://c.example *");
}

TEST_CASE("A row is a line of the plain text") {
  CHECK(text_with({"p", "row", "row", "p"}) ==
        "para graph two\n\nlabel https://x.y | label https://x.y\n"
        "label https://x.y | label https://x.y\n\npara graph two");
  const auto row = [](const char* cells) {
    Json body = Json::parse(R"({"root": "r", "elements": {
      "r": {"type": "Row", "props": {}, "children": []},
      "a": {"type": "Column", "props": {}, "children": ["ta"]},
      "ta": {"type": "Text", "props": {"text": "a"}},
      "b": {"type": "Column", "props": {}, "children": ["tb"]},
      "tb": {"type": "Heading", "props": {"text": "b"}},
      "-": {"type": "Column", "props": {}, "children": []},
      "2": {"type": "Column", "props": {}, "children": ["ta", "tb"]},
      "n": {"type": "Column", "props": {}, "children": ["n1"]},
      "n1": {"type": "Row", "props": {}, "children": ["a", "b"]}}})");
    for (const char* cell = cells; *cell != 0; ++cell) {
      body["elements"]["r"]["children"].push_back(std::string(1, *cell));
    }
    return rendered(body).text;
  };
  CHECK(row("ab") == "a | B");
  CHECK(row("-a-b-") == "a |  | B");
  CHECK(row("na") == "a | B | a");
  CHECK(row("a2") == "a\n\na\n\n\nB");  // a cell with several lines: its row is a block
}

TEST_CASE("Lines of a text stay lines") {
  const std::string model = R"({"data": {"a": "Sam Reed\r\n1 Way\n\nTown"}})";
  const std::string lines = "Sam Reed<br/>1 Way<br/><br/>Town";
  for (const char* text : {R"({"$state": "/data/a"})", R"({"$template": "${/data/a}"})",
                           R"(["", {"$state": "/data/a"}])"}) {
    CAPTURE(text);
    const auto element = [&](const std::string& type, const std::string& more = "") {
      return "{\"type\": \"" + type + "\", \"props\": {" + more + "\"text\": " + text + "}}";
    };
    CHECK(html_of(element("Text"), model) == kParagraph + lines + "</p>");
    CHECK_THAT(html_of(element("Heading"), model), Catch::Matchers::Contains(lines + "</h2>"));
    CHECK_THAT(html_of(element("Button", R"("href": "https://x.y", )"), model),
               Catch::Matchers::Contains(lines + "</span>"));
    CHECK_THAT(html_of(element("Link", R"("href": "https://x.y", )"), model),
               Catch::Matchers::Contains(lines + "</a>"));
    CHECK(text_of(element("Text"), model) == "Sam Reed\n1 Way\n\nTown");
    CHECK(text_of(element("Heading"), model) == "SAM REED\n1 WAY\n\nTOWN");
  }
  const auto joined = [](const char* data) {
    return text_of(R"({"type": "Text", "props": {"text": {"$computed": "join", "args": {
      "value": {"$state": "/data/a"}, "separator": "\n"}}}})",
                   data);
  };
  CHECK(joined(R"({"data": {"a": [" a ", "b", ""]}})") == "a\nb");
  // What the template itself has on several lines is one paragraph.
  CHECK(text_of(R"({"type": "Text", "props": {"text": "a\n b"}})") == "a b");
  CHECK(text_of(R"({"type": "Text", "props": {"text": {"$template": "a\n${/data/a}\nc"}}})",
                R"({"data": {"a": "x\ny"}})") == "a x\ny c");
}

TEST_CASE("Addresses in headings stay as they are, and stand once") {
  const auto heading = [](const std::string& text) {
    Json body = only(R"({"type": "Heading", "props": {}})");
    body["elements"]["x"]["props"]["text"] = text;
    return rendered(body).text;
  };
  const auto markdown = [](const std::string& text) {
    Json body = only(R"({"type": "Markdown", "props": {}})");
    body["elements"]["x"]["props"]["content"] = "## " + text;
    return rendered(body).text;
  };
  for (const std::string address :
       {"https://shop.example/T?a=B", "HTTPS://Shop.example/t", "www.Shop.example/T",
        "sam.Reed@Shop.example", "https://shop.example/a_B_c"}) {
    CAPTURE(address);
    CHECK(heading("see (" + address + "), now") == "SEE (" + address + "), NOW");
    CHECK(markdown("see (" + address + "), *now*") == "SEE (" + address + "), NOW");
  }
  CHECK(heading("at shop.example/Path or ftp://Shop.example") ==
        "AT shop.example/Path OR ftp://Shop.example");
  CHECK(markdown("See [terms](https://shop.example/T?a=B)") ==
        "SEE TERMS https://shop.example/T?a=B");
  CHECK(markdown("[https://a.example/B](https://a.example/B)") == "https://a.example/B");
  CHECK(markdown("<sam@Shop.example> [a@B.example](mailto:a@B.example)") ==
        "sam@Shop.example a@B.example");
}

TEST_CASE("Empty paragraphs leave blank lines, except at the start") {
  CHECK(text_with({"empty", "empty", "p"}) == "para graph two");
  CHECK(text_with({"p", "empty", "p"}) == "para graph two\n\n\n\npara graph two");
}

TEST_CASE("No-break space is no blank in plain text, zero width space is") {
  CHECK(text_with({"nbsp"}) == "a\u00A0 b c");
}

TEST_CASE("A long text in a row is as long as one outside") {
  const Json body = Json::parse(R"({"root": "r", "elements": {
      "r": {"type": "Row", "props": {}, "children": ["c"]},
      "c": {"type": "Column", "props": {}, "children": ["x"]},
      "x": {"type": "Text", "props": {"text": {"$state": "/data/t"}}}}})");
  Json data = {{"t", ""}};
  for (int at = 0; at < 240'000; ++at) data["t"].get_ref<std::string&>() += "word ";
  CHECK(rendered(body, {{"data", data}}).text.size() > 1'100'000);
}
