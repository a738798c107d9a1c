// Bare addresses, and Markdown around them and around links whose addresses hold marks of emphasis.
#include "core/templates/render/addresses.hpp"

#include "core/templates/render/markdown_tree.hpp"
#include "tests/unit/render/harness.hpp"

using namespace render_test;
using segmentflow::render::MarkdownNode;
using segmentflow::render::next_address;
using segmentflow::render::parse_markdown;
using segmentflow::render::ParsedMarkdown;

namespace {

// The addresses in a text, each in < >.
std::string found_in(std::string_view text) {
  std::string all;
  for (auto found = next_address(text, 0); found; found = next_address(text, found->end)) {
    all.append("<").append(text.substr(found->start, found->end - found->start)).append(">");
  }
  return all;
}

Rendered markdown(const std::string& content) {
  Json body = only(R"({"type": "Markdown", "props": {}})");
  body["elements"]["x"]["props"]["content"] = content;
  return rendered(body);
}

}  // namespace

TEST_CASE("A bare address ends where a reader sees its end") {
  CHECK(found_in("see https://a.example/x?y=1&z=2#t now") == "<https://a.example/x?y=1&z=2#t>");
  CHECK(found_in("HTTPS://A.example http://b WWW.c.example") ==
        "<HTTPS://A.example><http://b><WWW.c.example>");
  CHECK(found_in("(https://a.example/x_(y)), https://b.example.") ==
        "<https://a.example/x_(y)><https://b.example>");
  CHECK(found_in("\"https://a.example/?q='x'\"!") == "<https://a.example/?q='x>");
  CHECK(found_in("https://a.example<b> [https://b.example]") ==
        "<https://a.example><https://b.example>");
  CHECK(found_in("(https://a.example)x [https://b.example](c)") ==
        "<https://a.example><https://b.example>");
  CHECK(found_in("sam.reed+a@mail.example.com, x@y, @z.example, a@b..c, -_a_b@c.example.") ==
        "<sam.reed+a@mail.example.com><a_b@c.example>");
  CHECK(found_in("https://sam@a.example/b@c.example") == "<https://sam@a.example/b@c.example>");
  CHECK(found_in("xhttps://a.example /www.b.example https:// http://. www. @ a@").empty());
  CHECK(found_in("\u770Bhttps://a.example/\u00E9\U0001F600!") ==
        "<https://a.example/\u00E9\U0001F600>");
}

TEST_CASE("Marks of emphasis are part of an address where they have their partner in it") {
  CHECK(found_in("https://example.com/~sam~") == "<https://example.com/~sam~>");
  CHECK(found_in("https://example.com/?x=_a_&y=_b_") == "<https://example.com/?x=_a_&y=_b_>");
  CHECK(found_in("www.example.com/*all* https://example.com/a~~b~~") ==
        "<www.example.com/*all*><https://example.com/a~~b~~>");
  CHECK(found_in("**https://a.example/** **see https://a.example** _https://a.example/b_c_") ==
        "<https://a.example/><https://a.example><https://a.example/b_c>");
}

TEST_CASE("Bare addresses in Markdown stand in the mail as they were written") {
  for (const std::string address :
       {"https://example.com/~sam~", "https://example.com/?x=_a_&y=_b_", "www.example.com/*all*",
        "https://example.com/a~~b~~", "https://example.com/_a_b_", "https://example.com/**/*.x",
        "http://example.com/a*b*c*d*", "https://example.com/~a_b*c", "sam__reed__x@example.com",
        "https://example.com/a[b]=_c_"}) {
    for (const std::string around : {"Link: @", "*@*", "_see_ @ *now*", "- *one @\n- two*", "# @",
                                     "> ~~@~~ ~", "**x @", "(@)", "| a | b |\n|---|---|\n|x|@|"}) {
      std::string content = around;
      content.replace(content.find('@'), 1, address);
      CAPTURE(content);
      CHECK_THAT(markdown(content).text, Catch::Matchers::Contains(address));
    }
  }
  CHECK(markdown("a https://a.example b").text == "a https://a.example b");
  CHECK(markdown("<sam@a.example> <https://a.example>").text == "sam@a.example https://a.example");
  CHECK_THAT(markdown("www.a.example").html,
             Catch::Matchers::Contains("<a href=\"http://www.a.example\"") &&
                 Catch::Matchers::Contains(">www.a.example</a>"));
  CHECK_THAT(markdown("`https://a.example`\n\n```\nsam@a.example\n```").html,
             !Catch::Matchers::Contains("<a "));
}

TEST_CASE("Markdown with odd emphasis around links loses nothing") {
  CHECK(markdown("*Total: 12 EUR, see [bill](https://example.com/*)\n\nDue Friday.").text ==
        "*Total: 12 EUR, see bill https://example.com/*\n\nDue Friday.");
  CHECK(markdown("_Note [a](https://example.com/b_)").text == "_Note a https://example.com/b_");
  CHECK(markdown("- *one [x](https://example.com/*)\n- two\n- three").text ==
        " * *one x https://example.com/*\n * two\n * three");
  CHECK(markdown("[a](https://example.com/*)* b").text == "a https://example.com/* * b");
  CHECK(markdown("**a [b](https://example.com/x**y \"t*\") c** d").text ==
        "a b https://example.com/x**y c d");
  CHECK(markdown("~a ![b](https://example.com/~) c").text == "~a c");
  CHECK_THAT(markdown("![b](https:[a)(x#](kept) y").text, Catch::Matchers::Contains("kept"));
  CHECK_THAT(markdown("![](\v[)](kept)").text, Catch::Matchers::Contains("kept"));
  CHECK_THAT(markdown("[b](https://a.example/[a) c](kept) d").text,
             Catch::Matchers::Contains("kept"));
  // Where md4c's events are not balanced, marks may be lost, but no word.
  for (const char* content :
       {"*a [b][*] c\n\nd\n\n[*]: https://example.com", "*a [b][x* y] c* d\n\n[x* y]: https://a.b",
        "[a\n](\nhttps://example.com/*\n)* d", "a [b](<https://example.com/* *>) c *d*"}) {
    CAPTURE(content);
    const std::string text = markdown(content).text;
    CHECK_THAT(text, Catch::Matchers::Contains("a") && Catch::Matchers::Contains("d"));
  }
}

TEST_CASE("Markdown whose size multiplies is an error, not a matter of memory") {
  // Each short row of a wide table is filled up; each use of a reference repeats its address.
  std::string table = "|";
  for (int at = 0; at < 60; ++at) table += "a|";
  table += "\n|";
  for (int at = 0; at < 60; ++at) table += "---|";
  for (int at = 0; at < 10'000; ++at) table += "\nb|";
  std::string references = "[a]: https://example.com/" + std::string(50'000, 'x') + "\n\n";
  for (int at = 0; at < 5'000; ++at) references += "[a] ";
  for (const std::string& content : {table, references}) {
    CHECK(parse_markdown(content).end == ParsedMarkdown::End::TooLarge);
    Json body = only(R"({"type": "Markdown", "props": {}})");
    body["elements"]["x"]["props"]["content"] = content;
    const auto failed = try_render(body);
    REQUIRE_FALSE(failed);
    CHECK_THAT(failed.error().message, Catch::Matchers::Contains("template or its data smaller"));
  }
}

TEST_CASE("The tasks of a list show whether they are done") {
  CHECK(markdown("- [x] paid\n- [ ] shipped\n- [X] *sent*").text ==
        " * \u2611 paid\n * \u2610 shipped\n * \u2611 sent");
  CHECK_THAT(markdown("1. [ ] one\n\n2. [x] two").html,
             Catch::Matchers::Contains("<li>\u2610 one</li>\n<li>\u2611 two</li>"));
  CHECK_THAT(markdown("- [x] a\n  - [ ] b\n\n- c").text,
             Catch::Matchers::Contains("\u2611 a") && Catch::Matchers::Contains("\u2610 b"));
  CHECK(markdown("[x] no list").text == "[x] no list");
}
