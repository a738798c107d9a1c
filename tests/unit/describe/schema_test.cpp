#include <catch2/catch.hpp>

#include "schemas/describe/parse.hpp"

using namespace describe;

namespace {

enum class Size { Small, Large };
struct Part {
  std::string name;
};
struct Other {
  std::int64_t number = 0;
};
struct Thing {
  std::string id;
  std::optional<std::int64_t> count;
  std::optional<Size> size;
  std::optional<std::string> left_out;
  std::optional<Part> part;
  std::optional<OneOrMany<std::string>> tags;
  std::vector<Part> parts;
  std::optional<Json> data;
  std::vector<Json> later;
  Patch<std::string> note;
  Json any;
  std::variant<Part, Other> either;
};

}  // namespace

template <>
struct describe::EnumNames<Size> {
  static constexpr std::array<std::string_view, 2> names = {"Small", "Large"};
};
template <>
struct describe::Description<Part> {
  static constexpr std::string_view name = "Part";
  static constexpr std::string_view doc = "A part.";
  static constexpr auto fields = std::tuple{field("name", &Part::name, {})};
};
template <>
struct describe::Description<Other> {
  static constexpr std::string_view name = "Other";
  static constexpr std::string_view doc = "Another.";
  static constexpr auto fields = std::tuple{field("number", &Other::number, {})};
};
template <>
struct describe::Description<Thing> {
  static constexpr std::string_view name = "Thing";
  static constexpr std::string_view doc = "A thing.";
  static constexpr auto fields = std::tuple{
      field("id", &Thing::id, {.doc = "Its id.", .format = Format::Uuid, .example = "\"x\""}),
      field("count", &Thing::count, {.value_min = 1, .value_max = 9, .default_text = "3"}),
      field("size", &Thing::size, {}),
      field("leftOut", &Thing::left_out, {.length_max = 5, .pattern = "^a", .omit_empty = true}),
      field("part", &Thing::part, {.doc = "Its part."}),
      field("tags", &Thing::tags, {.length_min = 1, .items_max = 4}),
      field("parts", &Thing::parts, {.items_min = 1}),
      field("data", &Thing::data, {.json_kind = JsonKind::Object}),
      field("later", &Thing::later, {.published_type = type_of<Part>}),
      field("note", &Thing::note, {}),
      field("any", &Thing::any, {}),
      field("either", &Thing::either, {}),
  };
};

namespace {

std::string property(Direction direction, const char* name) {
  return dump_json(schema_of(type_of<Thing>(), direction)["properties"][name]);
}

}  // namespace

TEST_CASE("input schemas say what is read", "[schema]") {
  const auto in = [](const char* name) { return property(Direction::Input, name); };
  CHECK(in("id") ==
        R"({"type":"string","format":"uuid","description":"Its id.","examples":["x"]})");
  CHECK(in("count") == R"({"type":"integer","minimum":1,"maximum":9,"default":3})");
  CHECK(in("size") == R"({"type":"string","enum":["Small","Large"]})");
  CHECK(in("leftOut") == R"({"type":"string","maxLength":5,"pattern":"^a"})");
  CHECK(in("part") == R"({"type":"object","description":"Its part.",)"
                      R"("properties":{"name":{"type":"string"}},"required":["name"],)"
                      R"("additionalProperties":false})");
  CHECK(in("tags") == R"({"anyOf":[{"type":"string","minLength":1},{"type":"array","items":)"
                      R"({"type":"string","minLength":1},"maxItems":4}]})");
  CHECK(in("note") == R"({"anyOf":[{"type":"string"},{"type":"null"}]})");
  CHECK(in("data") == R"({"type":"object"})");
  CHECK(in("later") == R"({"type":"array","items":{"type":"object","description":"A part.",)"
                       R"("properties":{"name":{"type":"string"}},"required":["name"],)"
                       R"("additionalProperties":false}})");
  CHECK(in("any") == "{}");
  const Json schema = schema_of(type_of<Thing>(), Direction::Input);
  CHECK(dump_json(schema["required"]) == R"(["id","parts","later","any","either"])");
  CHECK(schema["additionalProperties"] == false);
  CHECK(schema["description"] == "A thing.");
}

TEST_CASE("output schemas say what is written", "[schema]") {
  const auto out = [](const char* name) { return property(Direction::Output, name); };
  CHECK(out("leftOut") == R"({"type":"string","maxLength":5,"pattern":"^a"})");
  CHECK(out("count") == R"({"anyOf":[{"type":"integer","minimum":1,"maximum":9},)"
                        R"({"type":"null"}],"default":3})");
  CHECK(out("size") == R"({"anyOf":[{"type":"string","enum":["Small","Large"]},)"
                       R"({"type":"null"}]})");
  CHECK(out("tags") == R"({"anyOf":[{"type":"array","items":{"type":"string","minLength":1},)"
                       R"("maxItems":4},{"type":"null"}]})");
  CHECK(out("note") == R"({"anyOf":[{"type":"string"},{"type":"null"}]})");
  CHECK(out("either").starts_with(R"({"anyOf":[{"type":"object","description":"A part.")"));
  CHECK(dump_json(schema_of(type_of<Thing>(), Direction::Output)["required"]) ==
        R"(["id","count","size","part","tags","parts","data","later","any","either"])");
}

TEST_CASE("objects are written in the order of their description", "[write]") {
  Thing thing;
  thing.id = "i";
  thing.parts = {{"p"}};
  thing.either = Other{7};
  CHECK(dump_json(write(thing)) ==
        R"({"id":"i","count":null,"size":null,"part":null,"tags":null,"parts":[{"name":"p"}],)"
        R"("data":null,"later":[],"any":null,"either":{"number":7}})");
  thing.count = -1;
  thing.size = Size::Large;
  thing.left_out = "l";
  thing.part = Part{"q"};
  thing.tags = OneOrMany<std::string>{{"t"}};
  thing.data = Json::object({{"k", 1}});
  thing.later = {Json("s")};
  thing.note.state = Patch<std::string>::State::Null;
  thing.either = Part{"e"};
  CHECK(dump_json(write(thing)) ==
        R"({"id":"i","count":-1,"size":"Large","leftOut":"l","part":{"name":"q"},"tags":["t"],)"
        R"("parts":[{"name":"p"}],"data":{"k":1},"later":["s"],"note":null,"any":null,)"
        R"("either":{"name":"e"}})");
  thing.note = {Patch<std::string>::State::Value, "n"};
  CHECK(write(thing)["note"] == "n");
}

TEST_CASE("a bare array is described and written like any type", "[schema]") {
  const std::vector<Part> parts = {{"a"}, {"b"}};
  CHECK(dump_json(write(parts)) == R"([{"name":"a"},{"name":"b"}])");
  CHECK(schema_of(type_of<std::vector<Part>>(), Direction::Output)["type"] == "array");
}

TEST_CASE("a type with a variant is not read", "[read]") {
  Thing thing;
  const Json input = *parse_json(
      R"({"id":"2c2f9e13-7d0a-4b10-9f4b-35f6d96d7a70","parts":[{"name":"p"}],"later":[],"any":1,
          "either":{}})");
  CHECK_THROWS_AS(read(input, thing), std::logic_error);
}

TEST_CASE("enum names go both ways", "[names]") {
  CHECK(enum_name(Size::Large) == "Large");
  CHECK(enum_of<Size>("Small") == Size::Small);
  CHECK_FALSE(enum_of<Size>("small"));
}
