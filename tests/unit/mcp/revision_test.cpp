// A conversation under each revision: what is announced, and what is left out.
#include <catch2/catch.hpp>

#include "tests/unit/mcp/conversation.hpp"

using namespace mcp_test;

namespace {

constexpr const char* list_request = R"({"jsonrpc":"2.0","id":1,"method":"tools/list"})";

Json first_tool(std::string_view revision) {
  Client client(std::make_shared<DirectProvider>());
  client.initialize(revision);
  return client.ask(list_request)["result"]["tools"][0];
}

Json call_result(std::string_view revision, std::string_view tool = "echo_text") {
  Client client(std::make_shared<DirectProvider>());
  client.initialize(revision);
  return client.ask(call_text("1", tool))["result"];
}

}  // namespace

TEST_CASE("initialize agrees on every revision the library speaks") {
  const std::string revision = GENERATE("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25");
  CAPTURE(revision);
  Client client(std::make_shared<DirectProvider>());
  const Json answer = client.initialize(revision);
  const Json& result = answer["result"];
  CHECK(answer["id"] == 0);
  CHECK(result["protocolVersion"] == revision);
  CHECK(result["capabilities"] == Json::parse(R"({"tools":{}})"));
  CHECK(result["serverInfo"]["name"] == "test");
  CHECK(result["serverInfo"]["version"] == "1.2.3");
  CHECK(result["serverInfo"].contains("title") == (revision >= "2025-06-18"));
  CHECK(result["instructions"] == "Use it\nwell.");
  CHECK(client.ask(call_text("5"))["id"] == 5);
}

TEST_CASE("an unknown revision is answered with the latest one") {
  const std::string asked = GENERATE("2026-07-28", "1999-01-01", "");
  Client client(std::make_shared<DirectProvider>());
  CHECK(client.initialize(asked)["result"]["protocolVersion"] == "2025-11-25");
}

TEST_CASE("tools/list has the shape of the revision") {
  const Json oldest = first_tool("2024-11-05");
  CHECK(oldest.size() == 3);
  CHECK(oldest["name"] == "echo_text");
  CHECK(oldest["description"] == "Gives the text back.");
  CHECK(oldest["inputSchema"]["properties"]["text"]["type"] == "string");

  const Json annotated = first_tool("2025-03-26");
  CHECK(annotated.size() == 4);
  CHECK(annotated["annotations"] ==
        Json::parse(R"({"title":"Echo a text","readOnlyHint":true,"destructiveHint":false,
                        "idempotentHint":false,"openWorldHint":false})"));

  for (const char* revision : {"2025-06-18", "2025-11-25"}) {
    const Json full = first_tool(revision);
    CHECK(full.size() == 6);
    CHECK(full["title"] == "Echo a text");
    CHECK(full["annotations"]["title"] == "Echo a text");
    CHECK(full["outputSchema"]["type"] == "object");
  }
}

TEST_CASE("tools/list keeps the order, and a tool without output schema has none") {
  Client client(std::make_shared<DirectProvider>());
  client.initialize("2025-11-25");
  const Json first = client.ask(list_request)["result"];
  CHECK(first == client.ask(list_request)["result"]);
  CHECK_FALSE(first.contains("nextCursor"));
  REQUIRE(first["tools"].size() == 3);
  CHECK(first["tools"][1]["name"] == "delete_thing");
  CHECK(first["tools"][1]["description"] == "Deletes \"it\".");
  CHECK_FALSE(first["tools"][1].contains("outputSchema"));
  CHECK(first["tools"][1]["annotations"]["destructiveHint"] == true);
  CHECK(first["tools"][2]["annotations"]["openWorldHint"] == true);
}

TEST_CASE("structured content goes to revisions that know it, its text twin to all") {
  const std::string revision = GENERATE("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25");
  CAPTURE(revision);
  const Json result = call_result(revision);
  REQUIRE(result["content"].size() == 1);
  CHECK(result["content"][0]["type"] == "text");
  CHECK(result["content"][0]["text"] == R"({"text":"hi"})");
  CHECK_FALSE(result.contains("isError"));
  REQUIRE(result.contains("structuredContent") == (revision >= "2025-06-18"));
  if (revision >= "2025-06-18") CHECK(result["structuredContent"]["text"] == "hi");
}

TEST_CASE("an error of a tool is a result") {
  const std::string revision = GENERATE("2024-11-05", "2025-11-25");
  const Json result = call_result(revision, "delete_thing");
  CHECK(result["isError"] == true);
  CHECK(result["content"][0]["text"] == "There is no such thing.");
  CHECK_FALSE(result.contains("structuredContent"));
}

TEST_CASE("text of any kind arrives unharmed on one line") {
  Client client(std::make_shared<DirectProvider>());
  client.initialize("2025-11-25");
  const std::string text =
      GENERATE(R"("a\nb\r\t\"\\\u0001\u001f")", R"("Grüße \u2028 \ud83d\ude00")", R"("")",
               R"("\u007f</script>")");
  CAPTURE(text);
  const Json result = client.ask(call_text("1", "echo_text", "{\"text\":" + text + "}"))["result"];
  CHECK(result["structuredContent"]["text"] == Json::parse(text));
  CHECK(Json::parse(result["content"][0]["text"].get<std::string>()) ==
        result["structuredContent"]);
}

TEST_CASE("text that is not UTF-8 is repaired, and structured results must be objects") {
  const auto repaired =
      mcp::write_tool_result({std::nullopt, "a\xff\xc3", false}, mcp::latest_legacy_revision);
  REQUIRE(repaired);
  CHECK(
      Json::parse(*repaired)["content"][0]["text"].get<std::string>().starts_with("a\xef\xbf\xbd"));
  const auto refused =
      mcp::write_tool_result({Json::array({1}), "", false}, mcp::latest_legacy_revision);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == mcp::jsonrpc::Code::InternalError);
  CHECK(*mcp::write_tool_result({std::nullopt, "", false}, mcp::latest_legacy_revision) ==
        R"({"content":[]})");
}

TEST_CASE("a tool list refuses what would break every client") {
  auto with = [](std::string name, std::string schema) {
    std::vector<mcp::Tool> tools = sample_tools();
    tools.push_back({std::move(name), "", "", {}, std::move(schema), ""});
    return tools;
  };
  CHECK_NOTHROW(mcp::ToolList(with("fine", "{}")));
  CHECK_THROWS_AS(mcp::ToolList(with("", "{}")), std::invalid_argument);
  CHECK_THROWS_AS(mcp::ToolList(with("two words", "{}")), std::invalid_argument);
  CHECK_THROWS_AS(mcp::ToolList(with(std::string(65, 'a'), "{}")), std::invalid_argument);
  CHECK_THROWS_AS(mcp::ToolList(with("echo_text", "{}")), std::invalid_argument);
  CHECK_THROWS_AS(mcp::ToolList(with("fine", "true")), std::invalid_argument);
  CHECK_THROWS_AS(mcp::ToolList(with("fine", "")), std::invalid_argument);
}

TEST_CASE("a tool list has a digest of all that it tells, in each era") {
  const auto list_of = [](const char* description) {
    mcp::Tool tool;
    tool.name = "work";
    tool.description = description;
    tool.input_schema = R"({"type":"object"})";
    return mcp::ToolList({tool});
  };
  const auto list = list_of("a");
  CHECK(list.digest().size() == std::string("sha256:").size() + 64);
  CHECK(list.digest() == list_of("a").digest());
  CHECK(list.digest() != list_of("b").digest());
  for (const auto revision : {mcp::Revision::V2024_11_05, mcp::Revision::V2026_07_28}) {
    CHECK(Json::parse(list.list_json(revision))["_meta"]["toolsDigest"] == list.digest());
  }
}

TEST_CASE("a tool list finds its tools") {
  const mcp::ToolList list(sample_tools());
  for (const mcp::Tool& tool : list.tools()) CHECK(list.find(tool.name) == &tool);
  CHECK(list.find("echo") == nullptr);
  CHECK(list.find("zzz") == nullptr);
  CHECK(list.nearest("ecko_text") == "echo_text");
  CHECK(list.nearest(std::string(1000, 'e')).empty());
}
