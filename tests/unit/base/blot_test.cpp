#include "core/base/blot.hpp"

#include <catch2/catch.hpp>

using namespace segmentflow;

TEST_CASE("blot: what reads as an address") {
  struct Row {
    const char* text;
    const char* expected;
  };
  const std::vector<Row> rows = {
      {"", ""},
      {"no address here", "no address here"},
      {"<sam.reed@example.com> unknown", "<[address]> unknown"},
      {"too much for sam.reed@example.com", "too much for [address]"},
      {"sam.reed+tag@mail.example.com.", "[address]."},
      {"a@b,c@d;e@f", "[address],[address];[address]"},
      {"\"sam reed\"@example.com said no", "[address] said no"},
      {"postmaster@[192.0.2.7] is full", "[address] is full"},
      {"jürgen@bücher.example is", "[address] is"},
      {"cut at sam.reed@", "cut at [address]"},
      {"@", "@"},
      {"a @ b and @types", "a @ b and @types"},
      {"bounce+sam=example.com@relay.example", "[address]"},
      {"through smtps://mailer@relay.example:465", "through smtps://mailer@relay.example:465"},
      {"smtp://mailer:***@relay.example:587 or", "smtp://mailer:***@relay.example:587 or"},
      {"see https://example.com/ <sam@example.com>", "see https://example.com/ <[address]>"},
      {"mailto:sam@example.com", "mailto:[address]"},
  };
  for (const Row& row : rows) CHECK(blot_addresses(row.text) == row.expected);
}

TEST_CASE("blot: values, wherever they stand") {
  const auto blot = [](std::string_view text, std::vector<std::string> values) {
    return blot_values(text, values, "#");
  };
  CHECK(blot("token 77-kilo-31 refused", {"77-kilo-31"}) == "token # refused");
  CHECK(blot("token x77-KILO-31x", {"77-kilo-31"}) == "token x#x");
  CHECK(blot("abcabcd", {"abc", "abcd"}) == "#");
  CHECK(blot("nothing", {"", "other"}) == "nothing");
  CHECK(blot("5.1.1 code 42 of 425", {"42"}) == "5.1.1 code # of 425");
  CHECK(blot("aaa", {"aa"}) == "aaa");
  CHECK(blot("", {"a"}).empty());
}

TEST_CASE("blot: the beginning of a value at the end of a long text") {
  const std::string filler(300, '.');
  CHECK(blot_values(filler + "77-kilo", {"77-kilo-31"}, "#") == filler + "#");
  CHECK(blot_values(filler + "77-", {"77-kilo-31"}, "#") == filler + "77-");
  CHECK(blot_values("short 77-kilo", {"77-kilo-31"}, "#") == "short 77-kilo");
}
