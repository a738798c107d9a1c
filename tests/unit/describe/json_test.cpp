#include "schemas/describe/json.hpp"

#include <catch2/catch.hpp>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <random>

using describe::canonical_json;
using describe::dump_json;
using describe::Json;
using describe::JsonFault;
using describe::JsonLimits;
using describe::parse_json;

namespace {

describe::JsonError refused(std::string_view text, const JsonLimits& limits = {}) {
  auto result = parse_json(text, limits);
  INFO(text.substr(0, 200));
  REQUIRE_FALSE(result.has_value());
  CHECK_FALSE(result.error().message.empty());
  CHECK(result.error().message.back() == '.');
  return result.error();
}

std::string round_trip(std::string_view text) {
  auto result = parse_json(text);
  INFO(text);
  if (!result) FAIL(result.error().message);
  return dump_json(*result);
}

std::string canonical(std::string_view text) {
  auto result = parse_json(text);
  INFO(text);
  if (!result) FAIL(result.error().message);
  return canonical_json(*result);
}

std::string repeated(std::string_view part, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += part;
  return text;
}

}  // namespace

TEST_CASE("JSON is read as it is written", "[json]") {
  CHECK(round_trip(R"({"b":1,"a":[true,false,null,"x",{}],"c":{"d":[]}})") ==
        R"({"b":1,"a":[true,false,null,"x",{}],"c":{"d":[]}})");
  CHECK(round_trip(" \t\n[1 , 2]\r\n ") == "[1,2]");
  CHECK(round_trip("\"text\"") == "\"text\"");
  CHECK(round_trip("0") == "0");
  CHECK(round_trip(R"("\u00e9\ud83d\ude00\u0000\/\u001f\b\f\n\r\t\"\\")") ==
        "\"é😀\\u0000/\\u001f\\b\\f\\n\\r\\t\\\"\\\\\"");
}

TEST_CASE("objects of all sizes keep their members in order", "[json]") {
  for (const std::size_t count : {0, 1, 2, 15, 16, 17, 18, 300}) {
    std::string text = "{";
    for (std::size_t i = 0; i < count; ++i) {
      text +=
          (i ? ",\"" : "\"") + std::to_string(count - i) + "\":{\"v\":[" + std::to_string(i) + "]}";
    }
    text += "}";
    CHECK(round_trip(text) == text);
  }
}

TEST_CASE("malformed JSON is refused with its place", "[json]") {
  for (const char* text :
       {"",          " ",        "{",     "[",      "[1,]",    "{\"a\":1,}", "{a:1}",
        "{'a':1}",   "nul",      "tru",   "01",     "+1",      ".5",         "1.",
        "1e",        "-",        "--1",   "0x10",   "NaN",     "Infinity",   "[1 2]",
        "{\"a\" 1}", "{\"a\":}", "\"a",   "\"\t\"", "\"\\x\"", "\"\\u12\"",  "// x\n1",
        "1 /* x */", "[1]]",     "{} {}", "1 2",    "null x",  "\"a\nb\"",   "{1:2}",
        "[,1]",      "]",        "}"}) {
    CHECK(refused(text).fault == JsonFault::Syntax);
  }
  const auto error = refused("{\"a\": [1,\n  2 3]}");
  CHECK(error.path == "/a/2");
  CHECK(error.message.find("line 2, column 5") != std::string::npos);
}

TEST_CASE("a NUL does not end the document", "[json]") {
  using namespace std::string_view_literals;
  CHECK(refused("{}\0{\"a\":1}"sv).fault == JsonFault::Syntax);
  CHECK(refused("\0"sv).fault == JsonFault::Syntax);
  CHECK(refused("\"a\0b\""sv).fault == JsonFault::Syntax);
}

TEST_CASE("syntax errors do not repeat the input", "[json]") {
  const auto error = refused(R"({"password":"hunter2" oops})");
  CHECK(error.message.find("hunter2") == std::string::npos);
  CHECK(error.message.find("oops") == std::string::npos);
}

TEST_CASE("duplicate keys are refused with their path", "[json]") {
  CHECK(refused(R"({"a":1,"a":2})").fault == JsonFault::DuplicateKey);
  CHECK(refused(R"({"a":1,"a":2})").path == "/a");
  CHECK(refused(R"({"a":1,"\u0061":1})").path == "/a");
  CHECK(refused(R"({"to":[{},{"e/m~":1,"x":2,"e/m~":1}]})").path == "/to/1/e~1m~0");
  CHECK(round_trip(R"({"a":{"a":{"a":1}},"A":1})") == R"({"a":{"a":{"a":1}},"A":1})");
  std::string large = "{";
  for (int i = 0; i < 1000; ++i) large += "\"k" + std::to_string(i) + "\":0,";
  CHECK(refused(large + "\"k500\":1}").path == "/k500");
  CHECK(parse_json(large + "\"k1000\":1}").has_value());
}

TEST_CASE("invalid UTF-8 is refused", "[json]") {
  for (const char* text :
       {"\"\xFF\"", "\"\xC3\"", "\"\xC0\x80\"", "\"\xE0\x80\x80\"", "\"\xED\xA0\x80\"",
        "\"\xF4\x90\x80\x80\"", "\"\xF8\x88\x80\x80\x80\"", "\"\x80\"", R"("\ud800")",
        R"("\udc00")", R"("\ud800\ud800")", R"("\ud800x")", R"("\ud800\n")"}) {
    CHECK(refused(text).fault == JsonFault::InvalidUtf8);
  }
  CHECK(refused(R"({"data":{"n":["\ud800"]}})").path == "/data/n/0");
}

TEST_CASE("limits hold exactly", "[json]") {
  const JsonLimits limits{.bytes_max = 40, .depth_max = 3, .values_max = 6};
  CHECK(parse_json("[[[]]]", limits).has_value());
  const auto deep = refused("[1,[[[]]]]", limits);
  CHECK(deep.fault == JsonFault::TooDeep);
  CHECK(deep.path == "/1/0/0");
  CHECK(parse_json("[1,2,3,4,5]", limits).has_value());
  CHECK(refused("[1,2,3,4,5,6]", limits).fault == JsonFault::TooLarge);
  CHECK(parse_json(std::string(39, ' ') + "1", limits).has_value());
  CHECK(refused(std::string(40, ' ') + "1", limits).fault == JsonFault::TooLarge);
}

TEST_CASE("hostile shapes are refused without much work", "[json]") {
  CHECK(refused(std::string(1'000'000, '[')).fault == JsonFault::TooDeep);
  CHECK(refused(repeated("{\"a\":", 100'000)).fault == JsonFault::TooDeep);
  const JsonLimits wide{.bytes_max = 8 << 20};
  CHECK(refused("[" + repeated("0,", 300'000) + "0]", wide).fault == JsonFault::TooLarge);
  std::string members = "{";
  for (int i = 0; i < 150'000; ++i) members += "\"" + std::to_string(i) + "\":0,";
  CHECK(parse_json(members + "\"x\":{}}", wide).has_value());
  const std::string key(500'000, 'k');
  const auto error = refused("{\"" + key + "\":tru}");
  CHECK(error.path.size() < 300);
  CHECK(error.message.size() < 1000);
  CHECK(refused("[1" + std::string(500'000, '0') + "]").message.size() < 300);
}

TEST_CASE("numbers that a double would change are refused", "[json][numbers]") {
  for (const char* text :
       {"18446744073709551616", "-9223372036854775809", "123456789012345678901234567890",
        "0.1000000000000000055511151231257827", "1152921504606846976.0", "1e400", "-1e400",
        "1e-400", "3.141592653589793238", "9007199254740993.0", "1e999999999999999999999",
        "2.5e-324", "0.30000000000000001", "0e99999999999999999999"}) {
    CHECK(refused(text).fault == JsonFault::InexactNumber);
  }
  const auto error = refused(R"({"data":{"total":0.1234567890123456789}})");
  CHECK(error.path == "/data/total");
  CHECK(error.message.find("send it as a string") != std::string::npos);
}

TEST_CASE("numbers that are kept are written as JavaScript writes them", "[json][numbers]") {
  const std::pair<const char*, const char*> cases[] = {
      {"0", "0"},
      {"-0", "0"},
      {"-0.0", "0"},
      {"0e999999999", "0"},
      {"1.0", "1"},
      {"18446744073709551615", "18446744073709551615"},
      {"-9223372036854775808", "-9223372036854775808"},
      {"1152921504606846976", "1152921504606846976"},
      {"1e2", "100"},
      {"1E+2", "100"},
      {"0.1", "0.1"},
      {"0.30000000000000004", "0.30000000000000004"},
      {"49.00", "49"},
      {"1e20", "100000000000000000000"},
      {"1e21", "1e+21"},
      {"1.25e-7", "1.25e-7"},
      {"0.000001", "0.000001"},
      {"100000000000000000000", "100000000000000000000"},
      {"-12.5", "-12.5"},
      {"5e-324", "5e-324"},
      {"1.7976931348623157e308", "1.7976931348623157e+308"},
      {"1000000000000000000000e-21", "1"}};
  for (const auto& [text, written] : cases) CHECK(round_trip(text) == written);
}

TEST_CASE("what is written is read again as the same value", "[json][numbers]") {
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937_64 random(seed);
  for (int i = 0; i < 20'000; ++i) {
    const std::uint64_t bits = random();
    double value = 0;
    static_assert(sizeof value == sizeof bits);
    std::memcpy(&value, &bits, sizeof value);
    if (i % 2) value = double(std::int64_t(bits) >> (bits % 50)) / 100;
    if (!(value - value == 0)) continue;
    const std::string text = dump_json(Json(value));
    INFO(text);
    const auto again = parse_json(text);
    REQUIRE(again.has_value());
    REQUIRE(again->get<double>() == value);
    REQUIRE(canonical_json(*again) == canonical_json(Json(value)));
  }
}

// nlohmann's reader is the judge of what is JSON; ours refuses more, but only for its own reasons.
TEST_CASE("texts that are bent a little are judged as another reader judges them", "[json]") {
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937_64 random(seed);
  const std::string whole =
      R"({"a":[1,-0.5e+2,true,null,"x\u00e9\ud83d\ude00é😀"],"b":{"c":{},"d":[],"":"\\\n"}})";
  constexpr std::string_view pieces = "{}[],:\"\\ue0123456789.+-tfn \n\t\x01\xC3\xA9\x80\xED\xF0";
  int accepted = 0;
  for (int i = 0; i < 100'000; ++i) {
    std::string text = whole;
    for (std::uint64_t bends = 1 + random() % 3; bends > 0; --bends) {
      const std::size_t at = random() % text.size();
      const char piece = pieces[random() % pieces.size()];
      if (random() % 3 == 0) {
        text.erase(at, 1 + random() % 3);
      } else if (random() % 2 == 0) {
        text[at] = piece;
      } else {
        text.insert(at, 1, piece);
      }
      if (text.empty()) text = " ";
    }
    const Json judged = Json::parse(text, nullptr, false);
    const auto read = parse_json(text);
    INFO(text);
    if (read) {
      ++accepted;
      REQUIRE(*read == judged);
    } else if (!judged.is_discarded()) {
      const bool is_ours = read.error().fault == JsonFault::DuplicateKey ||
                           read.error().fault == JsonFault::InexactNumber;
      REQUIRE(is_ours);
    }
  }
  CHECK(accepted > 1'000);
}

TEST_CASE("canonical JSON is one form for equal values", "[json][canonical]") {
  CHECK(canonical(R"({"b":1.0,"a":{"d":-0,"c":1e0}})") == R"({"a":{"c":1,"d":0},"b":1})");
  CHECK(canonical("[100, 1e2, 1.5, 0.15e1, -120, 1e-3, 18446744073709551615, 20]") ==
        "[1e2,1e2,15e-1,15e-1,-12e1,1e-3,18446744073709551615,2e1]");
  CHECK(canonical(R"(["\u00e9\/\u001f", null, true, {}, []])") ==
        "[\"é/\\u001f\",null,true,{},[]]");
  CHECK(canonical("1") != canonical("\"1\""));
  CHECK(canonical("[1,2]") != canonical("[2,1]"));
  CHECK(canonical("9007199254740993") != canonical("9007199254740992"));
  CHECK(canonical("1152921504606846976") != canonical("1152921504606847000"));
}

TEST_CASE("bytes that are no UTF-8 are replaced, never thrown", "[json]") {
  CHECK(dump_json(Json("a\xFFz")) == "\"a\xEF\xBF\xBDz\"");
  CHECK(dump_json(Json("\xED\xA0\x80")) == "\"" + repeated("\xEF\xBF\xBD", 3) + "\"");
  CHECK(dump_json(Json("cut \xE2\x82")) == "\"cut " + repeated("\xEF\xBF\xBD", 2) + "\"");
  CHECK(dump_json(Json(std::numeric_limits<double>::infinity())) == "null");
}
