#include <catch2/catch.hpp>

#include "tests/unit/engine/shop.hpp"

using namespace segmentflow;
using describe::Json;
using test::Shop;
using test::simple_body;
using test::simple_definition;

namespace {

Result<Template> save(Shop& shop, const NewTemplate& wanted,
                      std::optional<Uuid> organization = std::nullopt) {
  return shop.write([&](Transaction& tx) {
    return import_template(tx, shop.ids, organization.value_or(shop.organization.id), wanted)
        .map([](TemplateDetail detail) { return std::move(detail.template_); });
  });
}

Json definition_with(const char* member, Json value) {
  Json definition = simple_definition();
  definition[member] = std::move(value);
  return definition;
}

NewTemplate wanted(std::optional<std::string> key = "welcome") {
  NewTemplate made;
  made.key = std::move(key);
  made.name = "Welcome";
  made.purpose = "Transactional";
  made.definition = test::checked(simple_definition());
  return made;
}

}  // namespace

TEST_CASE("templates: a snapshot is content-addressed within its template") {
  Shop shop;
  const Template first = save(shop, wanted()).value();
  CHECK(first.is_complete);
  CHECK(first.status == "Active");
  shop.clock.advance(kMicrosPerSecond);
  CHECK(save(shop, wanted()).value().snapshot_id == first.snapshot_id);
  NewTemplate edited = wanted();
  edited.definition = test::checked(definition_with("subject", "Another"));
  const Template second = save(shop, edited).value();
  CHECK(second.id == first.id);
  CHECK(second.snapshot_id != first.snapshot_id);
  CHECK(second.created_at == first.created_at);
  CHECK(second.updated_at > first.updated_at);
  CHECK(save(shop, wanted()).value().snapshot_id == first.snapshot_id);
  // Two templates of one content have a snapshot each.
  CHECK(save(shop, wanted("other")).value().snapshot_id != first.snapshot_id);
}

TEST_CASE("templates: another organisation's id cannot be taken") {
  Shop shop;
  const Template mine = save(shop, wanted()).value();
  const Uuid other =
      shop.write([&](Transaction& tx) { return ensure_organization(tx, shop.ids, "B"); }).id;
  NewTemplate theirs = wanted("theirs");
  theirs.id = mine.id;
  theirs.definition = test::checked(definition_with("subject", "Taken"));
  const auto refused = save(shop, theirs, other);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::NotFound);
  const auto kept = shop.write(
      [&](Transaction& tx) { return retrieve_template(tx, shop.organization.id, mine.id); });
  CHECK(kept.value().template_.snapshot_id == mine.snapshot_id);
  CHECK(kept.value().template_.key == "welcome");
  CHECK(shop.number("SELECT count(*) FROM template_snapshots WHERE organization_id = $1",
                    {other}) == 0);
  CHECK_FALSE(shop.write([&](Transaction& tx) { return retrieve_template(tx, other, mine.id); }));
}

TEST_CASE("templates: one key names one template") {
  Shop shop;
  const Template first = save(shop, wanted("one")).value();
  const Template second = save(shop, wanted("two")).value();
  NewTemplate clash = wanted("one");
  clash.id = second.id;
  CHECK(save(shop, clash).error().code == ErrorCode::Conflict);
  clash.id = shop.ids.next();
  CHECK(save(shop, clash).error().code == ErrorCode::Conflict);
  clash.id = first.id;
  CHECK(save(shop, clash));
  // Another organisation's keys are its own.
  const Uuid other =
      shop.write([&](Transaction& tx) { return ensure_organization(tx, shop.ids, "B"); }).id;
  CHECK(save(shop, wanted("one"), other).value().id != first.id);
}

TEST_CASE("templates: what is refused") {
  Shop shop;
  const auto path = [&](const NewTemplate& each) {
    const auto refused = save(shop, each);
    REQUIRE_FALSE(refused);
    return refused.error().problems.empty() ? "" : refused.error().problems[0].path;
  };
  NewTemplate bad = wanted();
  bad.name = "";
  CHECK(path(bad) == "/name");
  bad = wanted("Upper");
  CHECK(path(bad) == "/key");
  bad = wanted(std::string(101, 'a'));
  CHECK(path(bad) == "/key");
  bad = wanted();
  bad.purpose = "transactional";
  CHECK(path(bad) == "/purpose");
  bad = wanted();
  bad.sender_profile_id = shop.ids.next();
  CHECK(path(bad) == "/senderProfileId");
  const auto body = check_definition(definition_with("body", "text"));
  REQUIRE_FALSE(body);
  CHECK(body.error().problems.at(0).path.starts_with("/definition/body"));
  const auto large =
      check_definition(definition_with("padding", std::string(kTemplateDefinitionBytesMax, 'x')));
  CHECK(large.error().code == ErrorCode::PayloadTooLarge);
  CHECK(check_definition(Json::array()).error().code == ErrorCode::ValidationFailed);
}

TEST_CASE("templates: incomplete ones are kept with what they lack") {
  Shop shop;
  NewTemplate draft = wanted();
  draft.definition = test::checked({{"from", "not an address"}});
  const Template kept = save(shop, draft).value();
  CHECK_FALSE(kept.is_complete);
  std::vector<std::string> paths;
  for (const Json& problem : Json::parse(kept.problems)) {
    paths.push_back(problem.at("path").get<std::string>());
  }
  CHECK(paths == std::vector<std::string>{"/from", "/subject", "/body"});
}

TEST_CASE("templates: lists are newest first and filtered") {
  Shop shop;  // has "receipt"
  const auto news = shop.add_template("news", simple_definition(), {}, "Newsletter");
  const auto keys = [&](TemplateFilter filter) {
    std::vector<std::string> found;
    shop.database->write([&](Transaction& tx) {
      for (const auto& t : list_templates(tx, shop.organization.id, filter)) {
        found.push_back(t.key.value_or(""));
      }
    });
    return found;
  };
  CHECK(keys({}) == std::vector<std::string>{"news", "receipt"});
  CHECK(keys({{}, "Transactional"}) == std::vector<std::string>{"receipt"});
  shop.change("UPDATE templates SET status = 'Archived' WHERE id = $1", {news.id});
  CHECK(keys({{"Active"}, {}}) == std::vector<std::string>{"receipt"});
  CHECK(keys({{"Archived", "Active"}, {}}).size() == 2);
  shop.database->write(
      [&](Transaction& tx) { CHECK(list_templates(tx, shop.ids.next(), {}).empty()); });
}

namespace {

CompiledTemplate compiled(const std::string& subject, const std::string& text) {
  Json definition = simple_definition();
  definition["subject"] = subject;
  definition["body"]["elements"]["t"]["props"]["text"]["$template"] = text;
  return test::must(compile_template(definition));
}

const std::string kProperties =
    R"({"firstName": {"value": "Alex", "source": "api"}, "a/b": {"value": 1}, "email": )"
    R"({"value": "old@example.com"}, "secret": {"value": "x"}})";

}  // namespace

TEST_CASE("templates: only the profile values that are read are frozen") {
  const Uuid id = Uuid::parse("018f7a35-5555-7555-8555-555555555555").value();
  const auto frozen = [&](const std::string& subject, const std::string& text) {
    return describe::dump_json(
        compiled(subject, text).frozen_profile(id, "alex@example.com", kProperties));
  };
  CHECK(frozen("Hi", "none") == "{}");
  CHECK(frozen("Hi ${/profile/firstName}", "x") == R"({"firstName":"Alex"})");
  CHECK(frozen("Hi", "${/profile/firstName} ${/profile/lastName}") == R"({"firstName":"Alex"})");
  CHECK(frozen("Hi", "${/profile/a~1b}") == R"({"a/b":1})");
  // `email` and `id` are reserved: what the Profile is, not what a property of that name says.
  CHECK(frozen("Hi", "${/profile/email}") == R"({"email":"alex@example.com"})");
  CHECK(frozen("${/profile/id}", "x") == R"({"id":")" + id.to_string() + "\"}");
}

TEST_CASE("templates: a subject is one line of at most 998 characters") {
  const auto subject = [](const std::string& value) {
    Json data = Json::object();
    data["v"] = value;
    render::State state;
    state.data = &data;
    return compiled("S: ${/data/v}", "x").render_subject(state).value();
  };
  CHECK(subject("plain") == "S: plain");
  CHECK(subject("a\r\nBcc: x@y.z\t\x7F") == "S: a  Bcc: x@y.z  ");
  const std::string longest = subject(std::string(2'000, 'a'));
  CHECK(longest.size() == 998);
  std::string umlauts;
  for (int i = 0; i < 1'000; ++i) umlauts += "\xC3\xBC";
  const std::string cut = subject(umlauts);
  CHECK(cut.size() == 3 + 2 * 995);
  CHECK(cut.ends_with("\xC3\xBC"));
  // What readers see as one character is not taken apart.
  CHECK(subject(std::string(994, 'a') + "e\u0301") == "S: " + std::string(994, 'a'));
  CHECK(subject(std::string(993, 'a') + "e\u0301") == "S: " + std::string(993, 'a') + "e\u0301");
  CHECK(subject("a\u0085b\u2028c\u009F") == "S: a b c ");
}

TEST_CASE("templates: a subject that shows nothing is no subject") {
  const auto subject = [](const Json& data) {
    render::State state;
    state.data = &data;
    return compiled("${/data/v}", "x").render_subject(state);
  };
  for (const char* blank : {"", "  ", "\u200B\uFEFF", "\n\u0007"}) {
    const auto refused = subject(Json{{"v", blank}});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::ValidationFailed);
    CHECK(refused.error().problems.at(0).path == "/subject");
  }
  CHECK_FALSE(subject(Json::object()));
  CHECK(subject(Json{{"v", 0}}) == "0");
  CHECK_FALSE(compiled("\u200B", "x").is_complete());
}

TEST_CASE("templates: a subject has at most 100 values") {
  const auto values = [](int count) {
    std::string text;
    for (int at = 0; at < count; ++at) text += "${/data/v}";
    return text;
  };
  CHECK(compiled(values(100), "x").is_complete());
  const CompiledTemplate over = compiled(values(101), "x");
  CHECK_FALSE(over.is_complete());
  CHECK(over.findings.at(0).code == "too_many_values");
  CHECK(over.findings.at(0).path == "/subject");
  // One that was stored before the limit still renders, and its end costs nothing.
  const Json data = Json{{"v", "x"}};
  render::State state;
  state.data = &data;
  const auto shown = compiled(values(30'000), "x").render_subject(state);
  CHECK(shown.value().starts_with(std::string(100, 'x') + "${/data/v}"));
}

TEST_CASE("templates: the cache keeps the most recently used") {
  TemplateCache cache(2);
  const std::string definition = describe::dump_json(simple_definition());
  test::House house;
  const Uuid a = house.ids.next();
  const Uuid b = house.ids.next();
  const Uuid c = house.ids.next();
  CHECK(cache.find(a) == nullptr);
  const auto first = cache.compile(a, definition).value();
  CHECK(cache.compile(a, definition).value() == first);
  REQUIRE(cache.compile(b, definition));
  CHECK(cache.find(a) == first);  // now b is the least recently used
  REQUIRE(cache.compile(c, definition));
  CHECK(cache.find(b) == nullptr);
  CHECK(cache.find(a) == first);
  CHECK(cache.find(c) != nullptr);
}
