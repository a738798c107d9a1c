// Numbers: every digit of whole numbers, JavaScript's ways for the rest.
#include "core/templates/render/number.hpp"

#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "tests/unit/render/harness.hpp"

using namespace render_test;
using Catch::Matchers::Contains;
using segmentflow::render::Number;

namespace {

Number number(const std::string& json) {
  return Number::of(Json::parse(json));
}

std::string shown(const std::string& expression, const std::string& model = "{}") {
  const std::string html =
      html_of(R"({"type": "Heading", "props": {"text": )" + expression + "}}", model);
  return html.substr(4, html.size() - 9);
}

std::string computed(const std::string& name, const std::string& args) {
  return R"({"$computed": ")" + name + R"(", "args": )" + args + "}";
}

std::string arithmetic(const std::string& name, const std::string& a, const std::string& b) {
  return computed(name, R"({"a": )" + a + R"(, "b": )" + b + "}");
}

std::string error_of_text(const std::string& expression) {
  return error_of(R"({"type": "Text", "props": {"text": )" + expression + "}}");
}

// toFixed by the letter of ECMA-262, from all decimal digits of the double.
std::string fixed_by_digits(double value, int decimals) {
  std::string exact(1500, '\0');
  exact.resize(static_cast<std::size_t>(
      std::snprintf(exact.data(), exact.size(), "%.1100f", std::fabs(value))));
  const std::size_t end = exact.find('.') + 1 + static_cast<std::size_t>(decimals);
  const bool rounds_up = exact[end] >= '5';
  std::string digits = "0" + exact.substr(0, end);
  if (decimals == 0) digits.pop_back();
  for (std::size_t at = digits.size(); rounds_up && at-- > 0;) {
    if (digits[at] == '.') continue;
    if (digits[at]++ != '9') break;
    digits[at] = '0';
  }
  if (digits.size() > 1 && digits[0] == '0' && digits[1] != '.') digits.erase(0, 1);
  return (value < 0 ? "-" : "") + digits;
}

}  // namespace

TEST_CASE("Whole numbers of 64 bits keep every digit, wherever they stand") {
  for (const std::string n : {"9007199254740993", "9007199254740995", "1152921504606846979",
                              "-9007199254740995", "9223372036854775807", "-9223372036854775808",
                              "18446744073709551615", "12345678901234567890"}) {
    const std::string model = R"({"data": {"n": )" + n + R"(, "l": [)" + n + "]}}";
    CHECK(shown(n) == n);
    CHECK(shown(R"({"$state": "/data/n"})", model) == n);
    CHECK(shown(R"({"$template": "No. ${/data/n}"})", model) == "No. " + n);
    CHECK(shown(R"(["a", {"$state": "/data/l"}])", model) == "a" + n);
    CHECK(shown(computed("join", R"({"value": {"$state": "/data/l"}})"), model) == n);
    CHECK(shown(computed("concat", R"({"a": {"$state": "/data/n"}})"), model) == n);
    CHECK(shown(computed("formatNumber", R"({"value": {"$state": "/data/n"}})"), model) ==
          n + ".00");
    CHECK(html_of(R"({"type": "Column", "props": {"style": {"zIndex": {"$state": "/data/n"}}}})",
                  model) ==
          "<td data-id=\"__react-email-column\" style=\"z-index:" + n + "\"></td>");
    const Json data = Json::parse(model)["data"];
    CHECK(segmentflow::render::render_template_string("${/data/n}", State{&data}) == n);
  }
}

TEST_CASE("Numbers compare exactly, also whole ones with doubles") {
  CHECK(number("9007199254740993") != number("9007199254740992"));
  CHECK(number("9007199254740993") > number("9007199254740992.0"));
  CHECK(number("9007199254740992") == number("9007199254740992.0"));
  CHECK(number("18446744073709551615") < number("18446744073709552000.0"));
  CHECK(number("18446744073709551615") > number("9223372036854775807"));
  CHECK(number("-9223372036854775808") < number("18446744073709551615"));
  CHECK(number("-9223372036854775808") == number("-9223372036854775808.0"));
  CHECK(number("12") == number("12.0"));
  CHECK(number("-0.0") == number("0"));
  CHECK(number("9007199254740993") > number("0.5"));
  CHECK(number("-9007199254740993") < number("-4503599627370495.5"));
  CHECK(number("1e300") > number("18446744073709551615"));
  CHECK_FALSE(Number::of(std::nan("")) == Number::of(std::nan("")));
  const std::string model = R"({"data": {"n": 9007199254740992}})";
  const auto shows = [&](const std::string& condition) {
    return html_of(R"({"type": "Heading", "props": {"text": "v"}, "visible": )" + condition + "}",
                   model) == "<h2>v</h2>";
  };
  CHECK_FALSE(shows(R"({"$state": "/data/n", "eq": 9007199254740993})"));
  CHECK(shows(R"({"$state": "/data/n", "lt": 9007199254740993})"));
  CHECK(shows(R"({"$state": "/data/n", "eq": 9007199254740992.0})"));
}

TEST_CASE("Arithmetic keeps every digit of whole numbers, or fails with the path of the prop") {
  CHECK(shown(arithmetic("add", "9007199254740993", "2")) == "9007199254740995");
  CHECK(shown(arithmetic("subtract", "9223372036854775807", "-1")) == "9223372036854775808");
  CHECK(shown(arithmetic("multiply", "3037000500", "3037000500")) == "9223372037000250000");
  CHECK(shown(arithmetic("multiply", "10000000000", "10000000000")) == "100000000000000000000");
  CHECK(shown(arithmetic("add", "1e18", "1")) == "1000000000000000001");
  CHECK(shown(arithmetic("add", "0.1", "0.2")) == "0.30000000000000004");
  CHECK(shown(arithmetic("multiply", "1.5", "4")) == "6");
  CHECK(shown(arithmetic("multiply", "1e200", "1.5")) == "1.5e+200");
  for (const std::string& lost :
       {arithmetic("add", "18446744073709551615", "2"),
        arithmetic("add", "9007199254740993", "0.5"),
        arithmetic("subtract", "-9223372036854775808", "1"),
        arithmetic("multiply", "9007199254740993", "9007199254740993"),
        arithmetic("add", "1e300", "1"), arithmetic("multiply", "1e308", "10")}) {
    CAPTURE(lost);
    CHECK_THAT(error_of_text(lost), Contains("/elements/x/props/text") && Contains("digits"));
  }
}

TEST_CASE("formatNumber rounds halves as toFixed") {
  const auto format = [](const std::string& value, int decimals) {
    return shown(computed("formatNumber", R"({"value": )" + value + R"(, "decimals": )" +
                                              std::to_string(decimals) + "}"));
  };
  CHECK(format("4.125", 2) == "4.13");
  CHECK(format("0.5", 0) == "1");
  CHECK(format("6.5", 0) == "7");
  CHECK(format("2.5", 0) == "3");
  CHECK(format("1.25", 1) == "1.3");
  CHECK(format("1.005", 2) == "1.00");
  CHECK(format("-0.5", 0) == "-1");
  CHECK(format("-2.5", 0) == "-3");
  CHECK(format("-0.0", 2) == "0.00");
  CHECK(format("-0.001", 1) == "-0.0");
  CHECK(format("1e21", 2) == "1e+21");
  CHECK(format("123456789012345680000.0", 1) == "123456789012345683968.0");
}

TEST_CASE("fixed is toFixed for all doubles") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  const auto check = [](double value, int decimals) {
    if (!(std::fabs(value) < 1e21) || value == 0) return;
    const std::string expected = fixed_by_digits(value, decimals);
    if (Number::of(value).fixed(decimals) == expected) return;
    CAPTURE(value, decimals, expected);
    CHECK(Number::of(value).fixed(decimals) == expected);
  };
  for (int run = 0; run < 4'000; ++run) {
    const int decimals = static_cast<int>(random() % 21);
    const std::uint64_t bits = random();
    double any = 0;
    std::memcpy(&any, &bits, sizeof any);
    check(any, decimals);
    const auto whole = static_cast<double>(static_cast<std::int64_t>(random()) >> (random() % 60));
    check(whole / 1000, decimals);
    check(std::ldexp(whole, -1 - static_cast<int>(random() % 21)), decimals);  // often halves
  }
}
