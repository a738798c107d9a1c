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
       {"a",           "@b.co",         "a@",           "a@b",         "a@b.c",    "a@b.c0",
        "a@localhost", ".a@b.co",       "a.@b.co",      "a..b@b.co",   "a'@b.co",  "a@-b.co",
        "a@.co",       "a@b..co",       "a@b.co.",      "a b@c.co",    "a@b@c.co", "a!b@c.co",
        "a@b_c.co",    "a@[127.0.0.1]", "\"a b\"@c.co", "a@b.xn--p1ai"}) {
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
  CHECK(refusal("a@bücher.example").find("xn--") != std::string::npos);
  CHECK(refusal("ü@b.co").find("display names only") != std::string::npos);
  CHECK(refusal("\xC3 <a@b.co>").find("UTF-8") != std::string::npos);
  for (const char c : {'\r', '\n', '\0', '\t', '\x7F', '\x1B'}) {
    CHECK(refusal(std::string("A") + c + "B <a@b.co>").find("control") != std::string::npos);
    CHECK(refusal(std::string("a@b.co") + c).find("control") != std::string::npos);
    CHECK(refusal(std::string("\"A\\") + c + "\" <a@b.co>").find("control") != std::string::npos);
  }
  CHECK(refusal("A\xC2\x85 <a@b.co>").find("control") != std::string::npos);
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
