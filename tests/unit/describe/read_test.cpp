#include <catch2/catch.hpp>

#include "schemas/describe/parse.hpp"

using namespace describe;

namespace {

enum class Colour { Red, Green };
struct Inner {
  std::string email;
  std::optional<std::int64_t> count;
};
struct Sample {
  std::string id;
  std::int64_t number = 0;
  std::optional<double> ratio;
  std::optional<bool> flag;
  std::optional<Colour> colour;
  std::optional<Inner> inner;
  std::vector<Inner> list;
  std::optional<OneOrMany<std::string>> copies;
  std::optional<Json> data;
  Patch<std::string> note;
  std::optional<std::string> code;
  std::optional<std::vector<Colour>> colours;
  std::optional<std::int64_t> page;
  std::optional<bool> all;
};
bool no_x(std::string_view text) {
  return text.find('x') == text.npos;
}

}  // namespace

template <>
struct describe::EnumNames<Colour> {
  static constexpr std::array<std::string_view, 2> names = {"Red", "Green"};
};
template <>
struct describe::Description<Inner> {
  static constexpr std::string_view name = "Inner";
  static constexpr std::string_view doc = "An inner thing.";
  static constexpr auto fields = std::tuple{
      field("email", &Inner::email, {.doc = "Its email. And more.", .format = Format::Email}),
      field("count", &Inner::count, {.value_min = 1, .value_max = 10})};
};
template <>
struct describe::Description<Sample> {
  static constexpr std::string_view name = "Sample";
  static constexpr std::string_view doc = "A sample.";
  static constexpr std::string_view unknown_says = "Samples are small.";
  static constexpr auto fields = std::tuple{
      field("id", &Sample::id, {.doc = "Its id.", .format = Format::Uuid}),
      field("number", &Sample::number, {}),
      field("ratio", &Sample::ratio, {}),
      field("flag", &Sample::flag, {}),
      field("colour", &Sample::colour, {}),
      field("inner", &Sample::inner, {}),
      field("list", &Sample::list, {.items_min = 1, .items_max = 3}),
      field("copies", &Sample::copies, {.length_min = 1, .length_max = 4, .items_max = 2}),
      field("data", &Sample::data,
            {.json_kind = JsonKind::Object, .json_bytes_max = 20, .json_depth_max = 2}),
      field("note", &Sample::note, {.length_max = 3}),
      field("code", &Sample::code, {.check = no_x, .check_says = "A code has no x."}),
      field("colours", &Sample::colours, {.carried = Carried::Query}),
      field("page", &Sample::page, {.carried = Carried::Query}),
      field("all", &Sample::all, {.carried = Carried::Query})};
};

namespace {

Json valid() {
  return *parse_json(R"({"id":"2c2f9e13-7d0a-4b10-9f4b-35f6d96d7a70","number":3,
                         "list":[{"email":"a@b.co"}]})");
}

Sample accepted(const Json& input) {
  Sample sample;
  const auto problems = read(input, sample);
  INFO(dump_json(input));
  if (!problems.empty()) FAIL(problems[0].message);
  return sample;
}

Sample accepted_with(std::string_view name, std::string_view value) {
  Json input = valid();
  input[std::string(name)] = *parse_json(value);
  return accepted(input);
}

// The one problem of an otherwise valid sample.
Problem refused_with(std::string_view name, std::string_view value) {
  Json input = valid();
  input[std::string(name)] = *parse_json(value);
  Sample sample;
  const auto problems = read(input, sample);
  INFO(name << " = " << value);
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].message.back() == '.');
  return problems[0];
}

}  // namespace

TEST_CASE("a valid object fills its struct", "[read]") {
  Json input = valid();
  input["inner"] = *parse_json(R"({"email":"c@d.ee","count":10})");
  input["data"] = *parse_json(R"({"z":{"y":1}})");
  input["colour"] = "Green";
  const Sample sample = accepted(input);
  CHECK(sample.id == "2c2f9e13-7d0a-4b10-9f4b-35f6d96d7a70");
  CHECK(sample.number == 3);
  CHECK(sample.inner.value().count == 10);
  CHECK(sample.list.at(0).email == "a@b.co");
  CHECK_FALSE(sample.list.at(0).count);
  CHECK(dump_json(sample.data.value()) == R"({"z":{"y":1}})");
  CHECK(sample.colour == Colour::Green);
  CHECK_FALSE(sample.ratio);
}

TEST_CASE("null is absent for optionals, and its own thing for patches", "[read]") {
  for (const char* name : {"ratio", "flag", "colour", "inner", "copies", "data", "code", "page"}) {
    accepted_with(name, "null");
  }
  using State = Patch<std::string>::State;
  CHECK(accepted(valid()).note.state == State::Absent);
  CHECK(accepted_with("note", "null").note.state == State::Null);
  CHECK(accepted_with("note", "\"abc\"").note.value == "abc");
  CHECK(refused_with("id", "null").message == "/id must be a string, but is null.");
}

TEST_CASE("missing fields are named with their meaning", "[read]") {
  Sample sample;
  const auto problems = read(Json::object(), sample);
  REQUIRE(problems.size() == 3);
  CHECK(problems[0].path == "/id");
  CHECK(problems[0].message == "/id is required: Its id.");
  CHECK(problems[1].path == "/number");
  CHECK(problems[2].path == "/list");
  CHECK(refused_with("inner", "{}").message == "/inner/email is required: Its email.");
}

TEST_CASE("unknown members are refused with the nearest known name", "[read]") {
  const auto near = refused_with("nubmer", "1");
  CHECK(near.path == "/nubmer");
  CHECK(near.message ==
        "/nubmer is not a known field. Did you mean \"number\"? Samples are small.");
  CHECK(refused_with("zzzzzzzz", "1").message.find("\"id\", \"number\"") != std::string::npos);
  CHECK(refused_with("a/b~c", "1").path == "/a~1b~0c");
  CHECK(refused_with(std::string(100'000, 'k'), "1").message.size() < 1000);
  CHECK(refused_with("inner", R"({"email":"a@b.co","e":1})").path == "/inner/e");
}

TEST_CASE("wrong types say what was expected", "[read]") {
  CHECK(refused_with("number", "\"3\"").message ==
        "/number must be a whole number, but is a string.");
  CHECK(refused_with("ratio", "true").message == "/ratio must be a number, but is a boolean.");
  CHECK(refused_with("flag", "1").message == "/flag must be true or false, but is a number.");
  CHECK(refused_with("flag", "\"true\"").path == "/flag");
  CHECK(refused_with("inner", "[]").message == "/inner must be an object, but is an array.");
  CHECK(refused_with("list", "{}").message == "/list must be an array, but is an object.");
  CHECK(refused_with("list", "[1]").path == "/list/0");
  CHECK(refused_with("copies", "[\"a\",2]").path == "/copies/1");
  CHECK(refused_with("copies", "7").path == "/copies");
  CHECK(refused_with("data", "[]").message == "/data must be an object, but is an array.");
  CHECK(refused_with("note", "{}").path == "/note");
  Sample sample;
  const auto problems = read(Json::array(), sample);
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].path.empty());
  CHECK(problems[0].message == "The input must be an object, but is an array.");
}

TEST_CASE("whole numbers may be spelt with a fraction of zero", "[read]") {
  CHECK(accepted_with("number", "3.0").number == 3);
  CHECK(accepted_with("number", "-9223372036854775808").number == INT64_MIN);
  CHECK(accepted_with("number", "1e3").number == 1000);
  CHECK(accepted_with("ratio", "2").ratio == 2.0);
  for (const char* text : {"3.5", "9223372036854775808", "1e19", "-1e300"}) {
    CHECK(refused_with("number", text).path == "/number");
  }
}

TEST_CASE("ranges and lengths hold exactly, lengths in code points", "[read]") {
  accepted_with("inner", R"({"email":"a@b.co","count":1})");
  CHECK(refused_with("inner", R"({"email":"a@b.co","count":0})").message ==
        "/inner/count must be at least 1.");
  CHECK(refused_with("inner", R"({"email":"a@b.co","count":11})").path == "/inner/count");
  accepted_with("note", "\"😀é世\"");
  CHECK(refused_with("note", "\"abcd\"").message ==
        "/note must have at most 3 characters, but has 4.");
  CHECK(refused_with("copies", "\"\"").message ==
        "/copies must have 1 to 4 characters, but has 0.");
  CHECK(refused_with("list", "[]").message == "/list must have 1 to 3 items, but has 0.");
  CHECK(refused_with("list", "[1,2,3,4]").path == "/list");
}

TEST_CASE("formats, checks and enums are explained", "[read]") {
  CHECK(refused_with("id", "\"my-template\"").message.find("must be a UUID such as") !=
        std::string::npos);
  CHECK(refused_with("inner", R"({"email":"nobody"})").path == "/inner/email");
  CHECK(refused_with("code", "\"axb\"").message == "A code has no x.");
  CHECK(refused_with("colour", "\"Blue\"").message == "/colour must be one of \"Red\", \"Green\".");
  Json input = valid();
  input["colour"] = "green";
  Sample sample;
  CHECK(read(input, sample).at(0).message ==
        "/colour must be one of \"Red\", \"Green\". Did you mean \"Green\"?");
}

TEST_CASE("refused values are not repeated", "[read]") {
  for (const char* name : {"id", "number", "flag", "colour", "inner", "list", "data", "note"}) {
    CHECK(refused_with(name, "\"sk_live_secret\"").message.find("secret") == std::string::npos);
  }
}

TEST_CASE("free JSON has limits of its own", "[read]") {
  accepted_with("data", R"({"a":{"b":1}})");
  CHECK(refused_with("data", R"({"a":{"b":[]}})").message ==
        "/data must not nest deeper than 2 levels.");
  accepted_with("data", R"({"a":"123456789012"})");
  CHECK(refused_with("data", R"({"a":"1234567890123"})").message ==
        "/data must take at most 20 bytes as JSON, but takes 21.");
}

TEST_CASE("one or many gives a list", "[read]") {
  CHECK(accepted_with("copies", "\"a\"").copies.value().values == std::vector<std::string>{"a"});
  CHECK(accepted_with("copies", "[\"a\",\"b\"]").copies.value().values.size() == 2);
  CHECK(accepted_with("copies", "[]").copies.value().values.empty());
  CHECK(refused_with("copies", "[\"a\",\"b\",\"c\"]").path == "/copies");
}

TEST_CASE("query values may be text", "[read]") {
  using Colours = std::vector<Colour>;
  CHECK(accepted_with("colours", "\"Red\"").colours == Colours{Colour::Red});
  CHECK(accepted_with("colours", "\"Green,Red\"").colours == Colours{Colour::Green, Colour::Red});
  CHECK(accepted_with("colours", "[\"Green\",\"Red\"]").colours.value().size() == 2);
  CHECK(refused_with("colours", "\"Red,Blau\"").path == "/colours/1");
  CHECK(accepted_with("page", "\"12\"").page == 12);
  CHECK(accepted_with("page", "12").page == 12);
  for (const char* text : {"\"\"", "\"12x\"", "\" 12\"", "\"1.5\"", "\"99999999999999999999\""}) {
    CHECK(refused_with("page", text).path == "/page");
  }
  CHECK(accepted_with("all", "\"true\"").all == true);
  CHECK(accepted_with("all", "\"false\"").all == false);
  CHECK(refused_with("all", "\"yes\"").path == "/all");
}

TEST_CASE("problems are collected up to the maximum, under the base path", "[read]") {
  Json input = valid();
  for (int i = 0; i < 10'000; ++i) {
    input.get_ref<Json::object_t&>().emplace_back("u" + std::to_string(i), 1);
  }
  Sample sample;
  CHECK(read(input, sample).size() == 20);
  const auto problems = read_object(type_of<Sample>(), input, &sample, "/items/3", 2);
  REQUIRE(problems.size() == 2);
  CHECK(problems[1].path == "/items/3/u1");
  input = *parse_json(R"({"id":1,"number":"x","list":[{"email":1},{"count":"y"}],"what":0})");
  CHECK(read(input, sample).size() == 6);
}
