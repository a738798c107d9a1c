// What assistants give, and what they get, beside what the operations say.
#include "tools/mcp_arguments.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/unit/tools/desk.hpp"
#include "tools/mcp_bound.hpp"
#include "tools/mcp_search.hpp"
#include "tools/mcp_tool.hpp"

using namespace segmentflow;
using describe::Json;
using test::Desk;

namespace {

const Operation& operation(std::string_view tool) {
  static const Registry registry;
  return *registry.find_by_tool(tool);
}

std::string read(std::string_view tool, const char* arguments) {
  const auto input = input_of(operation(tool), Json::parse(arguments));
  if (input) return describe::dump_json(*input);
  return input.error().problems.at(0).path;
}

bool mentions_null(const Json& schema) {
  if (schema == "null") return true;
  if (!schema.is_structured()) return false;
  return std::any_of(schema.begin(), schema.end(), mentions_null);
}

}  // namespace

TEST_CASE("arguments: null is a member that is not given, where members are declared") {
  CHECK(read("duplicate_template", R"({"id":"a","name":null,"key":null,"dryRun":null})") ==
        R"({"id":"a"})");
  CHECK(read("send_email", R"({"to":{"email":"a@b.co","externalId":null},"cc":null,
             "tracking":{"clicks":null},"data":{"a":null,"b":[null]},"confirmationToken":null})") ==
        R"({"to":{"email":"a@b.co"},"tracking":{},"data":{"a":null,"b":[null]}})");
  CHECK(read("batch_send", R"({"defaults":null,"items":[{"idempotencyKey":"k","subject":null,
             "to":{"email":null},"data":{"x":null}}]})") ==
        R"({"items":[{"idempotencyKey":"k","to":{},"data":{"x":null}}]})");
  CHECK(read("preview_template",
             R"({"definition":{"preheader":null},"state":{"data":{"x":null},"event":null}})") ==
        R"({"definition":{"preheader":null},"state":{"data":{"x":null}}})");
  CHECK(read("update_template", R"({"id":"a","key":null,"senderProfileId":null})") ==
        R"({"id":"a"})");
  // What is needed, and what is not known, is refused as it stands.
  CHECK(read("get_email", R"({"id":null,"x":null})") == R"({"id":null,"x":null})");
}

TEST_CASE("arguments: what is to be emptied is named") {
  CHECK(read("update_template", R"({"id":"a","clear":["key","subType"]})") ==
        R"({"id":"a","key":null,"subType":null})");
  CHECK(read("update_template", R"({"id":"a","key":null,"clear":["key"]})") ==
        R"({"id":"a","key":null})");
  CHECK(read("update_template", R"({"id":"a","clear":null})") == R"({"id":"a"})");
  CHECK(read("update_template", R"({"id":"a","clear":"[\"key\"]"})") == R"({"id":"a","key":null})");
  CHECK(read("update_template", R"({"id":"a","clear":["name"]})") == "/clear/0");
  CHECK(read("update_template", R"({"id":"a","key":"k","clear":["subType","key"]})") == "/clear/1");
  CHECK(read("update_template", R"({"id":"a","clear":"key"})") == "/clear");
  CHECK(read("update_template", R"({"id":"a","clear":[5]})") == "/clear/0");
}

TEST_CASE("arguments: an object may be its JSON text, where one is declared") {
  CHECK(
      read("send_email", R"({"to":"{\"email\":\"lee@example.com\",\"externalId\":null}",
             "data":" {\"text\":\"{}\"}","cc":"[\"a@b.co\"]","subject":"{}"})") ==
      R"({"to":{"email":"lee@example.com"},"data":{"text":"{}"},"cc":["a@b.co"],"subject":"{}"})");
  CHECK(read("send_email", R"({"data":{"nested":"{\"a\":1}"}})") ==
        R"({"data":{"nested":"{\"a\":1}"}})");
  CHECK(read("batch_send", R"({"items":"[{\"to\":\"{}\"}]"})") == R"({"items":[{"to":{}}]})");
  CHECK(read("batch_send", R"({"items":["{\"to\":null}"]})") == R"({"items":[{}]})");
  CHECK(read("send_email", R"({"to":"{broken","data":"[1]"})") ==
        R"({"to":"{broken","data":"[1]"})");
  CHECK(read("list_templates", R"({"status":"[\"Active\"]","limit":3})") ==
        R"({"status":["Active"],"limit":3})");
}

TEST_CASE("arguments: schemas have no null, and a list comes in pages") {
  const Registry registry;
  for (const auto& each : registry.operations()) {
    INFO(each.info.id);
    CHECK_FALSE(mentions_null(arguments_schema(each)));
    for (const auto& field : each.request->fields) CHECK(field.name != "clear");
  }
  const Json schema = arguments_schema(operation("update_template"));
  CHECK(schema["properties"]["clear"]["items"]["enum"].size() == 5);
  CHECK(schema["properties"]["key"]["type"] == "string");
  CHECK(schema["properties"]["senderProfileId"]["format"] == "uuid");
  CHECK(read("list_templates", "{}") == R"({"limit":50})");
}

TEST_CASE("answers: are cut to what hosts take, and say so") {
  Json small = {{"a", "b"}};
  CHECK(bound_answer(small).empty());
  Json list = {{"total", 500}, {"items", Json::array()}};
  for (int i = 0; i < 500; ++i) list["items"].push_back({{"text", std::string(400, 'x')}});
  const auto said = bound_answer(list, 5'000);
  REQUIRE(said.size() == 1);
  CHECK(said[0] == "/items: " + std::to_string(list["items"].size()) + " of 500 elements");
  CHECK(list["items"].size() > 30);
  CHECK(list["total"] == 500);
  CHECK(tokens_in(describe::dump_json(list)) < 6'000);
  Json page = {{"subject", "s"}, {"html", std::string(300'000, '<')}, {"text", "t"}};
  CHECK(bound_answer(page, 5'000).at(0).starts_with("/html: "));
  CHECK(page["subject"] == "s");
  CHECK(page["text"] == "t");
  Json map = Json::object();
  for (int i = 0; i < 2'000; ++i) map[std::to_string(i)] = {{"text", std::string(200, 'x')}};
  Json with_map = {{"definition", {{"body", {{"elements", std::move(map)}}}}}};
  CHECK(bound_answer(with_map, 5'000).at(0).find("/definition/body/elements") == 0);
  CHECK(tokens_in(describe::dump_json(with_map)) < 6'000);
  Json wide = {{"text", ""}};
  for (int i = 0; i < 20'000; ++i) wide["text"].get_ref<std::string&>() += "世😀";
  CHECK_FALSE(bound_answer(wide, 1'000).empty());
  CHECK(wide["text"].get<std::string>().size() < 5'000);
}

TEST_CASE("answers: a batch is answered in brief, and its errors once") {
  Desk desk;
  Json input = {{"items", Json::array()}};
  input["items"].push_back(desk.send_input("a"));
  for (int i = 1; i < 100; ++i) {
    Json item = desk.send_input("b");
    for (const char c : {'x', 'y', 'z'}) item[std::string(60, c)] = 1;
    input["items"].push_back(item);
  }
  const auto answer = desk.call("emails.batchSend", desk.secret_of_writer, input);
  REQUIRE(answer);
  const auto result = answer_result(operation("batch_send"), *answer);
  const Json& brief = *result.structured;
  CHECK(brief["accepted"] == 1);
  CHECK(brief["rejected"] == 99);
  CHECK(brief["items"].size() == 100);
  const Json& first = brief["items"][0];
  CHECK(first["status"] == "Accepted");
  CHECK(first["send"]["to"]["email"] == "alex@example.com");
  CHECK(first["send"]["missingPaths"] == Json({"/data/orderId", "/profile/firstName"}));
  CHECK(first["send"].size() == 4);
  const auto message = brief["items"][7]["error"]["message"].get<std::string>();
  CHECK(message.ends_with(" And 1 more."));
  CHECK(tokens_in(describe::dump_json(brief)) < kAnswerTokensMax);
}

TEST_CASE("answers: a batch in brief tells of each item the first paths that do not fit") {
  Desk desk;
  Json input = {{"items", Json::array()}};
  for (int i = 0; i < 100; ++i) {
    Json item = desk.send_input(("k" + std::to_string(i)).c_str());
    for (int j = 0; j < 20; ++j) item["data"][std::string(60, 'x') + std::to_string(j)] = 1;
    input["items"].push_back(item);
  }
  const auto answer = desk.call("emails.batchSend", desk.secret_of_writer, input);
  REQUIRE(answer);
  CHECK(answer->body()["items"][7]["send"]["unusedData"].size() == 20);
  const auto result = answer_result(operation("batch_send"), *answer);
  const Json& brief = *result.structured;
  CHECK(brief["accepted"] == 100);
  CHECK(brief["items"][7]["send"]["unusedData"].size() == 2);
  CHECK(brief["items"][7]["send"]["unusedData"][1] == "/data/" + std::string(34, 'x') + "…");
  CHECK(tokens_in(describe::dump_json(brief)) < kAnswerTokensMax);
}

TEST_CASE("answers: a dry run says so, and names nothing that does not exist") {
  Desk desk;
  Json input = desk.send_input("k");
  input["dryRun"] = true;
  const auto tried = desk.call("emails.send", desk.secret_of_writer, input);
  REQUIRE(tried);
  const Json shown = tried->body();
  CHECK(shown["dryRun"] == true);
  CHECK_FALSE(shown.contains("id"));
  CHECK_FALSE(shown.contains("profileId"));
  input.erase("dryRun");
  const Json sent = desk.call("emails.send", desk.secret_of_writer, input).value().body();
  CHECK_FALSE(sent.contains("dryRun"));
  input["dryRun"] = true;
  const Json replay = desk.call("emails.send", desk.secret_of_writer, input).value().body();
  CHECK(replay["id"] == sent["id"]);
  CHECK(replay["dryRun"] == true);
  Json batch = {{"dryRun", true}, {"items", Json::array()}};
  for (const char* key : {"new", "new", "k"}) batch["items"].push_back(desk.send_input(key));
  const Json answer = desk.call("emails.batchSend", desk.secret_of_writer, batch).value().body();
  CHECK(answer["dryRun"] == true);
  CHECK_FALSE(answer["items"][0]["send"].contains("id"));
  CHECK_FALSE(answer["items"][1]["send"].contains("id"));
  CHECK(answer["items"][2]["send"]["id"] == sent["id"]);
  CHECK(answer["items"][0]["send"]["profileId"] == sent["profileId"]);

  const std::string writer = desk.make({"templates:write"});
  Json made = {{"name", "T"}, {"definition", test::simple_definition()}, {"dryRun", true}};
  const Json draft = desk.call("templates.create", writer, made).value().body();
  CHECK(draft["dryRun"] == true);
  CHECK_FALSE(draft.contains("id"));
  CHECK(draft["currentSnapshotId"].is_null());
  const Json kept =
      desk.call("templates.update", writer, {{"id", "receipt"}, {"name", "N"}, {"dryRun", true}})
          .value()
          .body();
  CHECK(kept["id"] == desk.receipt.id.to_string());
  CHECK(kept["dryRun"] == true);
  desk.add_template("spare", test::simple_definition());
  CHECK(desk.call("templates.delete", writer, {{"id", "spare"}, {"dryRun", true}})
            .value()
            .body()["dryRun"] == true);
}

TEST_CASE("answers: texts of third parties are named in the structure, and cleaned everywhere") {
  Desk desk;
  const std::string hidden = "Offer\u2067\u200d\U000E0049\U000E0047";
  const std::string writer = desk.make({"templates:write", "templates:read"});
  Json definition = test::simple_definition();
  definition["body"]["elements"]["t"]["props"]["text"] = hidden;
  definition["body"]["elements"]["t\u200b"] = {{"type", "Txt"}, {"props", Json::object()}};
  const auto made = desk.call("templates.create", writer,
                              {{"name", hidden}, {"key", "offer"}, {"definition", definition}});
  REQUIRE(made);
  const auto listed = desk.call("templates.list", writer, Json::object());
  const auto detail = desk.call("templates.retrieve", writer, {{"id", "offer"}});
  const auto preview = desk.call("templates.preview", writer, {{"templateKey", "offer"}});
  const std::vector<std::tuple<const char*, const Result<Answer>*, const char*>> answers = {
      {"create_template", &made, "/name"},
      {"list_templates", &listed, "/items/*/name"},
      {"get_template", &detail, "/definition"},
      {"preview_template", &preview, "/text"}};
  for (const auto& [tool, answer, pointer] : answers) {
    INFO(tool);
    REQUIRE(*answer);
    const auto result = answer_result(operation(tool), **answer);
    const Json& shown = *result.structured;
    const Json named = shown["untrusted"];
    CHECK(std::count(named.begin(), named.end(), Json(pointer)) == 1);
    for (const char* part : {"\u2067", "\u200d", "\u200b", "\U000E0049"}) {
      CHECK(describe::dump_json(shown).find(part) == std::string::npos);
    }
    CHECK(result.content.size() == 2);
  }
  const auto refused = error_result({ErrorCode::ValidationFailed, hidden, {{"/a\u200b", hidden}}});
  CHECK(refused.text.find("\u2067") == std::string::npos);
  CHECK(refused.text.find("/a\"") != std::string::npos);
}

TEST_CASE("answers: every tool may name texts of third parties, and what was cut") {
  const Registry registry;
  for (const auto& each : registry.operations()) {
    const Json schema = Json::parse(tool_of(each).output_schema);
    CHECK(schema["properties"].contains("untrusted"));
    CHECK(schema["properties"].contains("truncated"));
  }
}

TEST_CASE("search: a sentence finds the tool that does it") {
  const Registry registry;
  std::vector<mcp::Tool> tools;
  for (const auto& each : registry.operations()) tools.push_back(tool_of(each));
  const auto best = [&](const char* query) {
    const auto ranked = ranked_tools(tools, query);
    return ranked.empty() ? std::string() : ranked.front()->name;
  };
  CHECK(best("email an invoice to a client") == "send_email");
  CHECK(best("Sending receipts") == "send_email");
  CHECK(best("why did the email not arrive?") == "get_email");
  CHECK(best("list all my templates") == "list_templates");
  CHECK(best("send many emails in a batch") == "batch_send");
  CHECK(best("copy this template") == "duplicate_template");
  CHECK(best("zebra crossing").empty());
  CHECK(ranked_tools(tools, "").size() == tools.size());
  CHECK(ranked_tools(tools, "what can you do").size() == tools.size());
}
