#include "core/base/address.hpp"

#include <catch2/catch.hpp>
#include <random>

namespace segmentflow {
namespace {

Address good(std::string_view text) {
  INFO(text);
  auto address = parse_address(text);
  REQUIRE(address.has_value());
  return *address;
}

std::string refusal(std::string_view text) {
  INFO(text);
  const auto address = parse_address(text);
  REQUIRE_FALSE(address.has_value());
  CHECK(address.error().back() == '.');
  return address.error();
}

TEST_CASE("address: the friendly forms") {
  CHECK(good("a@b.co") == Address{"a@b.co", std::nullopt});
  CHECK(good("  a@b.co ") == Address{"a@b.co", std::nullopt});
  CHECK(good("<a@b.co>") == Address{"a@b.co", std::nullopt});
  CHECK(good("Name <a@b.co>") == Address{"a@b.co", "Name"});
  CHECK(good("Name<a@b.co>") == Address{"a@b.co", "Name"});
  CHECK(good("John  Q. Public   <a@b.co>") == Address{"a@b.co", "John Q. Public"});
  CHECK(good(R"("Quoted, \"Name\"" <a@b.co>)") == Address{"a@b.co", "Quoted, \"Name\""});
  CHECK(good(R"("A <x@y.co>" <a@b.co>)") == Address{"a@b.co", "A <x@y.co>"});
  CHECK(good("Ünï <a@b.co>") == Address{"a@b.co", "Ünï"});
  CHECK(good("\"\" <a@b.co>") == Address{"a@b.co", std::nullopt});
}

TEST_CASE("address: the email rule of the API") {
  for (const char* text : {"o'brien+tag@sub.example.com", "A_b-c.d@xn--bcher-kva.example", "-@b.co",
                           "_@1.co", "a+@b-.co", "x@a.b.c.d.museum"}) {
    CHECK(good(text).email == text);
  }
  for (const char* text :
       {"a",           "@b.co",         "a@",          "a@b",       "a@b.c",    "a@b.c0",
        "a@localhost", ".a@b.co",       "a.@b.co",     "a..b@b.co", "a'@b.co",  "a@-b.co",
        "a@.co",       "a@b..co",       "a@b.co.",     "a b@c.co",  "a@b@c.co", "a!b@c.co",
        "a@b_c.co",    "a@[127.0.0.1]", "\"a b\"@c.co"}) {
    refusal(text);
  }
}

TEST_CASE("address: sizes") {
  const std::string label(63, 'd');
  const std::string local(64, 'l');
  CHECK(good(local + "@b.co").email.size() == 69);
  CHECK(refusal(local + "l@b.co").find("64") != std::string::npos);
  const std::string domain = label + "." + label + "." + label + "." + std::string(60, 'd') + ".co";
  REQUIRE(domain.size() == 255);
  CHECK(good(local + "@" + domain).email.size() == kAddressMaxBytes);
  CHECK(refusal("a@d" + label + ".co").find("63") != std::string::npos);
  CHECK(refusal("a@e." + domain).find("255") != std::string::npos);
  CHECK(good(std::string(255, 'n') + " <a@b.co>").name->size() == 255);
  CHECK(refusal(std::string(256, 'n') + " <a@b.co>").find("255") != std::string::npos);
  CHECK(refusal(std::string(2000, ' ')).find("1024") != std::string::npos);
}

TEST_CASE("address: what is refused and why") {
  CHECK(refusal("").find("empty") != std::string::npos);
  CHECK(refusal("   ").find("empty") != std::string::npos);
  CHECK(refusal("<>").find("empty") != std::string::npos);
  CHECK(refusal("a@b.co, c@d.co").find("list") != std::string::npos);
  CHECK(refusal("a@b.co; c@d.co").find("list") != std::string::npos);
  CHECK(refusal("A <a@b.co>, c@d.co").find("list") != std::string::npos);
  CHECK(refusal("\"A\" <a@b.co>, B <c@d.co>").find("list") != std::string::npos);
  CHECK(refusal("c@d.co, A <a@b.co>").find("one address") != std::string::npos);
  CHECK(refusal("Group: a@b.co;").find("one address") != std::string::npos);
  CHECK(refusal("Group:a@b.co").find("Groups") != std::string::npos);
  CHECK(refusal("Acme, Inc. <a@b.co>").find("double quotes") != std::string::npos);
  CHECK(refusal("a@b.co (comment)").find("Comments") != std::string::npos);
  CHECK(refusal("A (comment) <a@b.co>").find("Comments") != std::string::npos);
  CHECK(refusal("A <a@b.co").find("closing angle") != std::string::npos);
  CHECK(refusal("A a@b.co>").find("do not match") != std::string::npos);
  CHECK(refusal("A <<a@b.co>>").find("angle") != std::string::npos);
  CHECK(refusal("A <a@b.co> B").find("Nothing may follow") != std::string::npos);
  CHECK(refusal("\"A <a@b.co>").find("closing quote") != std::string::npos);
  CHECK(refusal("\"A\\").find("closing quote") != std::string::npos);
  CHECK(refusal("\"A\" B <a@b.co>").find("angle brackets") != std::string::npos);
  CHECK(refusal("\xC3 <a@b.co>").find("UTF-8") != std::string::npos);
  for (const char c : {'\r', '\n', '\0', '\t', '\x7F', '\x1B'}) {
    CHECK(refusal(std::string("A") + c + "B <a@b.co>").find("control") != std::string::npos);
    CHECK(refusal(std::string("a@b.co") + c).find("control") != std::string::npos);
    CHECK(refusal(std::string("\"A\\") + c + "\" <a@b.co>").find("control") != std::string::npos);
  }
  CHECK(refusal("A\xC2\x85 <a@b.co>").find("control") != std::string::npos);
}

TEST_CASE("address: an international domain is its ASCII form") {
  struct Row {
    const char* written;
    const char* email;
  };
  for (const Row& row :
       {Row{"sam@bücher.example", "sam@xn--bcher-kva.example"},
        Row{"Sam@BÜCHER.Example", "Sam@xn--bcher-kva.example"},
        Row{"sam@bu\u0308cher.example", "sam@xn--bcher-kva.example"},
        Row{"sam@faß.example", "sam@xn--fa-hia.example"},  // non-transitional
        Row{"sam@shop.ελ", "sam@shop.xn--qxam"}, Row{"sam@SHOP.XN--QXAM", "sam@shop.xn--qxam"},
        Row{"sam@shop.xn--mgbaam7a8h", "sam@shop.xn--mgbaam7a8h"},
        Row{"sam@例え。テスト", "sam@xn--r8jz45g.xn--zckzah"},
        Row{"sam@ｅｘａｍｐｌｅ.com", "sam@example.com"},
        Row{"sam@xn--bcher-kva.ελ", "sam@xn--bcher-kva.xn--qxam"},
        Row{"sam@نامه\u200cای.ایران", "sam@xn--mgba3gch31f060k.xn--mgba3a4f16a"},  // joiner rule
        // ASCII stays as it is written, whatever hyphens it has.
        Row{"sam@XN--Bcher-kva.example", "sam@XN--Bcher-kva.example"},
        Row{"sam@a--b.example", "sam@a--b.example"},
        Row{"sam@r3---sn-x.example", "sam@r3---sn-x.example"}}) {
    INFO(row.written);
    CHECK(good(row.written).email == row.email);
    CHECK(good(std::string("Sam <") + row.written + ">") == Address{row.email, "Sam"});
    CHECK(good(good(row.written).email).email == row.email);
  }
  CHECK(good("a@bücher.example").key() == good("A@XN--BCHER-KVA.EXAMPLE").key());
  CHECK(good("a@Bücher.Example").domain() == "xn--bcher-kva.example");
}

TEST_CASE("address: what is no international domain, and no international address") {
  const auto says = [](const std::string& text, const char* part) {
    INFO(text);
    CHECK(refusal(text).find(part) != std::string::npos);
  };
  const char* const invalid = "not a valid international domain name";
  for (const char* text :
       {"a@b.xn--a", "a@b.xn--99999999", "a@-bücher.example", "a@bücher-.example",
        "a@bü\u00A0cher.example", "a@\u0301bü.example", "a@a\u200db.example", "a@אa1\u05d0.example",
        "a@bü/x.example", "a@bü℀.example"}) {
    says(text, invalid);
  }
  says("a@bü cher.example", "contains a space");
  says("a@bü_cher.example", "Each part of the domain");
  says("a@a_b.bücher.example", "Each part of the domain");
  says("a@b＠bücher.example", invalid);
  says("a@bücher", "two parts");
  says("a@bücher.example.", "end with a dot");
  says("a@example.com.", "end with a dot");
  says("a@shop.xn--", invalid);
  CHECK(refusal("a@bücher..example").size() > 20);
  CHECK(refusal("a@.ελ").size() > 20);
  // The sizes are those of the ASCII form: 63 bytes hold 28 of these letters and what marks them.
  std::string label;
  for (int i = 0; i < 70; ++i) label += "ü";
  CHECK(refusal("a@" + label + ".example").size() > 20);
  std::string domain;
  for (int i = 0; i < 18; ++i) domain += "bücher-" + std::to_string(100 + i) + ".";
  CHECK(refusal("a@" + domain + "example").size() > 20);
  for (const char* text : {"jürgen@b.co", "jürgen@bücher.example", "用户@example.com"}) {
    says(text, "The part before the @ has non-ASCII characters");
  }
}

TEST_CASE("address: key, domain, is_ascii") {
  const Address address = good("Ann.Lee+X@MAIL.Example.COM");
  CHECK(address.key() == "ann.lee+x@mail.example.com");
  CHECK(address.domain() == "mail.example.com");
  CHECK(is_ascii("a\x7F"));
  CHECK_FALSE(is_ascii("ä"));
}

TEST_CASE("address: what is formatted reads back equal") {
  const auto seed = Catch::rngSeed();
  INFO("seed " << seed);
  std::mt19937_64 random(seed);
  const std::vector<std::string> pieces = {
      "A", " ", "  ", "\"", "\\",           ",", "<", ">", "(",     "@",
      ".", "ü", "漢", "😀", "\xE2\x80\xA8", "'", ":", ";", "x@y.co"};
  CHECK(format_address({"a@b.co", "Ann Lee"}) == "Ann Lee <a@b.co>");
  CHECK(format_address({"a@b.co", "Lee, Ann"}) == "\"Lee, Ann\" <a@b.co>");
  for (int round = 0; round < 2000; ++round) {
    Address address{"a@b.co", std::string("N")};
    for (std::size_t i = random() % 8; i > 0; --i) {
      address.name = pieces[random() % pieces.size()] + *address.name;
      *address.name += pieces[random() % pieces.size()];
    }
    const std::string text = format_address(address);
    INFO(text);
    const auto back = parse_address(text);
    REQUIRE(back.has_value());
    REQUIRE(*back == address);
  }
}

}  // namespace
}  // namespace segmentflow
