// Templates are named by id or key, and complete when a send with them would find its sender.
#include <catch2/catch.hpp>

#include "tests/unit/tools/desk.hpp"

using namespace segmentflow;
using describe::Json;
using test::code;
using test::Desk;

namespace {

class Writers : public Desk {
 public:
  std::string writer = make({"templates:write", "templates:read", "emails:write"});

  Json made(const Json& changes) {
    Json input = {{"name", "T"},
                  {"key", "t"},
                  {"purpose", "Transactional"},
                  {"definition", test::simple_definition()}};
    input.update(changes);
    return call("templates.create", writer, input).value().body();
  }
  std::string sent(const char* key) {
    Json input = send_input("k");
    input["templateKey"] = key;
    return code(call("emails.send", writer, input));
  }
  bool is_listed_complete(const char* key) {
    const Json list = call("templates.list", writer, Json::object()).value().body();
    for (const Json& item : list) {
      if (item.at("key") == key) return item.at("isComplete").get<bool>();
    }
    FAIL("not listed");
    return false;
  }
};

std::string codes_in(const Json& detail) {
  std::string codes;
  for (const Json& problem : detail.at("problems")) {
    if (problem.at("code") == "root_not_html") continue;  // of the body, which is small
    codes += problem.at("code").get<std::string>() + " ";
  }
  return codes;
}

}  // namespace

TEST_CASE("templates: without a sender one is not complete, and a send says the same") {
  Writers desk;
  const Json draft = desk.made(Json::object());
  CHECK(draft.at("isComplete") == false);
  CHECK(codes_in(draft) == "missing_sender ");
  CHECK(describe::dump_json(draft.at("problems")).find("support@example.com") != std::string::npos);
  CHECK_FALSE(desk.is_listed_complete("t"));
  CHECK(desk.sent("t") == "InvalidSenderProfile");
  const auto change = [&](const Json& changes) {
    Json input = {{"id", "t"}};
    input.update(changes);
    return desk.call("templates.update", desk.writer, input).value().body();
  };
  Json definition = test::simple_definition();
  definition["from"] = "nobody@example.com";
  CHECK(codes_in(change({{"definition", definition}})) == "unknown_sender ");
  CHECK_FALSE(desk.is_listed_complete("t"));
  definition["from"] = "Acme <Support@example.com>";
  CHECK(change({{"definition", definition}}).at("isComplete") == true);
  CHECK(desk.is_listed_complete("t"));
  CHECK(desk.sent("t") == "ok");
  CHECK(change({{"senderProfileId", desk.receipts.id.to_string()}}).at("isComplete") == true);
  desk.change("UPDATE sender_profiles SET removed_at = 1 WHERE id = $1", {desk.receipts.id});
  const Json read = desk.call("templates.retrieve", desk.writer, {{"id", "t"}}).value().body();
  CHECK(codes_in(read) == "invalid_sender ");
  CHECK(read.at("isComplete") == false);
  CHECK_FALSE(desk.is_listed_complete("t"));
}

TEST_CASE("templates: the default purpose is told to be one that nothing is sent with") {
  Writers desk;
  Json input = {{"name", "G"}, {"definition", test::simple_definition()}};
  input["senderProfileId"] = desk.receipts.id.to_string();
  const Json made = desk.call("templates.create", desk.writer, input).value().body();
  CHECK(codes_in(made) == "general_purpose ");
  for (const Json& problem : made.at("problems")) CHECK(problem.at("severity") == "Warning");
  CHECK(made.at("isComplete") == true);
}

TEST_CASE("templates: another organisation's sender is none") {
  Writers desk;
  const Uuid foreign = desk.write([&](Transaction& tx) {
    const Uuid other = ensure_organization(tx, desk.ids, "B").id;
    test::must(add_sending_domain(tx, desk.ids, other, "other.example"));
    return test::must(add_sender_profile(tx, desk.ids, other, test::mailbox("B <b@other.example>")))
        .id;
  });
  Json input = {{"name", "T"}, {"definition", test::simple_definition()}};
  input["senderProfileId"] = foreign.to_string();
  CHECK(code(desk.call("templates.create", desk.writer, input)) == "NotFound");
  CHECK(code(desk.call("templates.update", desk.writer,
                       {{"id", "receipt"}, {"senderProfileId", foreign.to_string()}})) ==
        "NotFound");
  Json definition = test::simple_definition();
  definition["from"] = "b@other.example";
  const Json made = desk.made({{"definition", definition}});
  CHECK(codes_in(made) == "unknown_sender ");
  CHECK(describe::dump_json(made.at("problems")).find("B <b@") == std::string::npos);
}

TEST_CASE("templates: are named by id or key wherever one is named") {
  Writers desk;
  const std::string id = desk.receipt.id.to_string();
  for (const char* operation : {"templates.retrieve", "templates.archive", "templates.unarchive"}) {
    const auto answer = desk.call(operation, desk.writer, {{"id", "receipt"}});
    REQUIRE(code(answer) == "ok");
    CHECK(answer->body().at("id") == id);
  }
  CHECK(code(desk.call("templates.duplicate", desk.writer, {{"id", "receipt"}})) == "ok");
  const auto deleted = desk.call("templates.delete", desk.writer, {{"id", "receipt"}});
  CHECK(deleted.value().body().at("id") == id);
  const auto missing = desk.call("templates.retrieve", desk.writer, {{"id", "receipt"}});
  CHECK(code(missing) == "NotFound");
  CHECK(missing.error().problems.at(0).message.find("list_templates") != std::string::npos);
}

TEST_CASE("templates: a list goes on where its page ended") {
  Writers desk;
  for (const char* key : {"a", "b", "c"}) desk.made({{"key", key}});
  std::vector<std::string> keys;
  Json input = {{"limit", 3}, {"purpose", "Transactional"}};
  for (int page = 0; page < 2; ++page) {
    const auto answer = desk.call("templates.list", desk.writer, input).value();
    for (const Json& item : answer.body()) keys.push_back(item.at("key").get<std::string>());
    CHECK(answer.headers().size() == (page == 0 ? 1 : 0));
    if (page == 0) input["cursor"] = answer.headers().at(0).second;
  }
  CHECK(keys == std::vector<std::string>{"c", "b", "a", "receipt"});
  for (const char* cursor : {"x", "t", "tx", "3"}) {
    CHECK(code(desk.call("templates.list", desk.writer, {{"cursor", cursor}})) ==
          "ValidationFailed");
  }
  CHECK(code(desk.call("templates.list", desk.writer, {{"limit", 101}})) == "ValidationFailed");
  CHECK(desk.call("templates.list", desk.writer, Json::object()).value().body().size() == 4);
}
