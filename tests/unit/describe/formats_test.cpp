#include <catch2/catch.hpp>
#include <random>
#include <regex>

#include "schemas/describe/parse.hpp"

using namespace describe;

namespace {

// The patterns as the v1 contract prints them; the product checks by hand.
const char* const kUuidPattern =
    "^([0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[1-8][0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}|"
    "00000000-0000-0000-0000-000000000000|ffffffff-ffff-ffff-ffff-ffffffffffff)$";
const char* const kEmailPattern = R"(^(?!\.)(?!.*\.\.)([A-Za-z0-9_'+\-\.]*)[A-Za-z0-9_+-])"
                                  R"(@([A-Za-z0-9][A-Za-z0-9\-]*\.)+[A-Za-z]{2,}$)";

std::string random_text(std::mt19937& random, std::string_view letters, std::size_t size_max) {
  std::string text;
  for (std::size_t i = random() % (size_max + 1); i > 0; --i) {
    text += letters[random() % letters.size()];
  }
  return text;
}

}  // namespace

TEST_CASE("emails are those of the contract's pattern", "[formats]") {
  const std::regex pattern(kEmailPattern);
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  int valid = 0;
  for (int i = 0; i < 30'000; ++i) {
    std::string text = random_text(random, "ab.1_'+-", 5);
    if (random() % 20 != 0) text += '@';
    text += random_text(random, "ab1-.", 4);
    if (random() % 4 != 0) text += ".com";
    if (random() % 20 == 0) text += random_text(random, "@ .\n", 2);
    INFO(text);
    REQUIRE(is_email(text) == std::regex_match(text, pattern));
    valid += is_email(text);
  }
  CHECK(valid > 1000);
  CHECK(is_email("alex@example.com"));
  CHECK_FALSE(is_email("Alex <alex@example.com>"));
  CHECK_FALSE(is_email("alex@example.com\r\nBcc: x@example.com"));
  CHECK(is_email(std::string(308, 'a') + "@example.com"));
  CHECK_FALSE(is_email(std::string(309, 'a') + "@example.com"));
}

TEST_CASE("UUIDs are those of the contract's pattern", "[formats]") {
  const std::regex pattern(kUuidPattern);
  const std::string good = "2c2f9e13-7d0a-4b10-9f4b-35f6d96d7a70";
  CHECK(is_uuid(good));
  CHECK(is_uuid("00000000-0000-0000-0000-000000000000"));
  CHECK(is_uuid("ffffffff-ffff-ffff-ffff-ffffffffffff"));
  CHECK(is_uuid("018F7A35-1111-7111-8111-111111111111"));
  for (const std::size_t length : {0, 35, 37}) {
    CHECK_FALSE(is_uuid(std::string(good + "0").substr(0, length)));
  }
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const char c : std::string_view("09afAFgG-{ \n")) {
      std::string text = good;
      text[i] = c;
      INFO(text);
      REQUIRE(is_uuid(text) == std::regex_match(text, pattern));
    }
  }
}

TEST_CASE("dates and times are calendar-valid and have a zone", "[formats]") {
  for (const char* text : {"2026-05-29T00:00:00.000Z", "2026-05-29T00:00:00Z",
                           "2024-02-29T23:59:59Z", "2000-02-29t00:00:00z",
                           "2026-05-29T00:00:00.1+02:00", "2026-12-31T23:59:59.123456789-23:59"}) {
    INFO(text);
    CHECK(is_date_time(text));
  }
  for (const char* text : {"",
                           "2026-05-29",
                           "2026-05-29T00:00:00",
                           "2026-05-29T00:00Z",
                           "2026-02-29T00:00:00Z",
                           "1900-02-29T00:00:00Z",
                           "2026-13-01T00:00:00Z",
                           "2026-00-01T00:00:00Z",
                           "2026-01-32T00:00:00Z",
                           "2026-04-31T00:00:00Z",
                           "2026-01-00T00:00:00Z",
                           "2026-01-01T24:00:00Z",
                           "2026-01-01T00:60:00Z",
                           "2026-01-01T00:00:60Z",
                           "2026-01-01T00:00:00.Z",
                           "2026-01-01T00:00:00+0200",
                           "2026-01-01T00:00:00+24:00",
                           "2026-01-01 00:00:00Z",
                           "2026-01-01T00:00:00ZZ",
                           "2026-01-01T00:00:00Z\n",
                           "+026-01-01T00:00:00Z"}) {
    INFO(text);
    CHECK_FALSE(is_date_time(text));
  }
}

TEST_CASE("URIs are absolute", "[formats]") {
  for (const char* text : {"https://example.com/a?b=c#d", "mailto:a@b.c", "urn:x", "a+b-c.d:%20"}) {
    INFO(text);
    CHECK(is_uri(text));
  }
  for (const char* text : {"", "example.com", "//x", ":x", "https:", "1a:b", "http://a b", "x:%2",
                           "x:%zz", "x:\"", "x:\n", "x:é"}) {
    INFO(text);
    CHECK_FALSE(is_uri(text));
  }
}

TEST_CASE("one line means no control characters", "[formats]") {
  CHECK(is_one_line("Grüße, 世界"));
  CHECK(is_one_line(""));
  for (const char c : {'\r', '\n', '\0', '\t', '\x1f', '\x7f'}) {
    CHECK_FALSE(is_one_line(std::string("a") + c));
  }
}

TEST_CASE("slips of the pen find their name", "[names]") {
  constexpr std::array<std::string_view, 5> known = {"templateId", "templateKey", "to", "subject",
                                                     "cc"};
  CHECK(nearest_name("templateID", known) == "templateId");
  CHECK(nearest_name("template_id", known) == "templateId");
  CHECK(nearest_name("tempalteId", known) == "templateId");
  CHECK(nearest_name("template-key", known) == "templateKey");
  CHECK(nearest_name("subjet", known) == "subject");
  CHECK(nearest_name("CC", known) == "cc");
  CHECK(nearest_name("html", known).empty());
  CHECK(nearest_name("x", known).empty());
  CHECK(nearest_name("", known).empty());
  CHECK(nearest_name(std::string(100'000, 'a'), known).empty());
}
