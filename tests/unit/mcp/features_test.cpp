// Prompts, resources and completion, as a provider offers them.
#include <catch2/catch.hpp>

#include "tests/unit/mcp/conversation.hpp"

using namespace mcp_test;

namespace {

class FullProvider : public DirectProvider {
 public:
  mcp::Features features() const override {
    return {.prompts = true, .resources = true, .completions = true};
  }
  void list_prompts(std::function<void(std::vector<mcp::Prompt>)> done) override {
    done({{"greet",
           "Greet",
           "Greets somebody.",
           {{"name", "Name", "Whom to greet.", true}, {"tone", "", "", false}}}});
  }
  void get_prompt(mcp::PromptCall call, mcp::Exchange,
                  std::function<void(mcp::Answered<mcp::PromptResult>)> done) override {
    const std::string text = "Greet " + call.arguments["name"].get<std::string>();
    done(
        mcp::PromptResult{"A greeting", {{mcp::PromptMessage::Role::User, mcp::text_block(text)}}});
  }
  void list_resources(std::function<void(std::vector<mcp::Resource>)> done) override {
    done({{"test://note", "note", "A note", "Says something.", "text/plain"}});
  }
  void list_resource_templates(
      std::function<void(std::vector<mcp::ResourceTemplate>)> done) override {
    done({{"test://things/{id}", "thing", "", "", ""}});
  }
  void read_resource(std::string uri, mcp::Exchange,
                     std::function<void(mcp::Answered<Contents>)> done) override {
    if (uri != "test://note") return done(Contents{});
    done(Contents(std::vector{mcp::ResourceContents{uri, "text/plain", "hello", {}},
                              mcp::ResourceContents{uri, "image/png", "", "AAAA"}}));
  }
  void complete(mcp::CompletionCall call, std::function<void(mcp::Completion)> done) override {
    mcp::Completion completion;
    for (int i = 0; i < 150; ++i) completion.values.push_back(call.value + std::to_string(i));
    done(std::move(completion));
  }
};

Json ask(std::string_view method, const std::string& params,
         std::string_view revision = "2025-11-25") {
  Client client(std::make_shared<FullProvider>());
  client.initialize(revision);
  return client.ask(R"({"jsonrpc":"2.0","id":1,"method":")" + std::string(method) +
                    R"(","params":)" + params + "}");
}

}  // namespace

TEST_CASE("features: capabilities name what there is") {
  Client client(std::make_shared<FullProvider>());
  const Json capabilities = client.initialize("2025-06-18")["result"]["capabilities"];
  CHECK(capabilities.size() == 4);
  Client oldest(std::make_shared<FullProvider>());
  CHECK_FALSE(oldest.initialize("2024-11-05")["result"]["capabilities"].contains("completions"));
  // What a server does not have it does not answer.
  Client plain(std::make_shared<DirectProvider>());
  plain.initialize("2025-06-18");
  for (const char* method : {"prompts/list", "resources/list", "completion/complete"}) {
    CHECK(error_code(plain.ask(R"({"jsonrpc":"2.0","id":1,"method":")" + std::string(method) +
                               R"("})")) == -32601);
  }
}

TEST_CASE("features: prompts are listed and filled in") {
  const Json prompt = ask("prompts/list", "{}")["result"]["prompts"][0];
  CHECK(prompt["title"] == "Greet");
  CHECK(prompt["arguments"][0]["required"] == true);
  CHECK_FALSE(prompt["arguments"][1].contains("title"));
  CHECK_FALSE(ask("prompts/list", "{}", "2025-03-26")["result"]["prompts"][0].contains("title"));
  const Json got = ask("prompts/get", R"({"name":"greet","arguments":{"name":"Alex"}})")["result"];
  CHECK(got["description"] == "A greeting");
  CHECK(got["messages"][0]["role"] == "user");
  CHECK(got["messages"][0]["content"]["text"] == "Greet Alex");
}

TEST_CASE("features: a prompt's arguments are checked") {
  const auto message = [](const std::string& params) {
    const Json answer = ask("prompts/get", params);
    CHECK(error_code(answer) == -32602);
    return answer["error"]["message"].get<std::string>();
  };
  CHECK_THAT(message("{}"), Catch::Contains("params.name"));
  CHECK_THAT(message(R"({"name":"gret"})"), Catch::Contains("Did you mean 'greet'?"));
  CHECK_THAT(message(R"({"name":"greet"})"), Catch::Contains("needs the argument name"));
  CHECK_THAT(message(R"({"name":"greet","arguments":{"name":"a","tine":"b"}})"),
             Catch::Contains("Did you mean 'tone'?"));
  CHECK_THAT(message(R"({"name":"greet","arguments":{"name":5}})"), Catch::Contains("string"));
  CHECK_THAT(message(R"({"name":"greet","arguments":[]})"), Catch::Contains("object"));
}

TEST_CASE("features: resources are listed, read, and missed in the words of the revision") {
  CHECK(ask("resources/list", "{}")["result"]["resources"][0]["uri"] == "test://note");
  const Json pattern = ask("resources/templates/list", "{}")["result"]["resourceTemplates"][0];
  CHECK(pattern["uriTemplate"] == "test://things/{id}");
  const Json contents = ask("resources/read", R"({"uri":"test://note"})")["result"]["contents"];
  CHECK(contents[0]["text"] == "hello");
  CHECK(contents[1]["blob"] == "AAAA");
  CHECK_FALSE(contents[1].contains("text"));
  const Json missing = ask("resources/read", R"({"uri":"test://other"})");
  CHECK(error_code(missing) == -32002);
  CHECK(missing["error"]["data"]["uri"] == "test://other");
  CHECK(error_code(ask("resources/read", "{}")) == -32602);
  const Json modern = ask(
      "resources/read",
      R"({"uri":"test://other","_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",)"
      R"("io.modelcontextprotocol/clientCapabilities":{}}})");
  CHECK(error_code(modern) == -32602);
}

TEST_CASE("features: completions are cut at a hundred") {
  const Json completion = ask("completion/complete",
                              R"({"ref":{"type":"ref/prompt","name":"greet"},)"
                              R"("argument":{"name":"name","value":"a"}})")["result"]["completion"];
  CHECK(completion["values"].size() == 100);
  CHECK(completion["values"][0] == "a0");
  CHECK(completion["total"] == 150);
  CHECK(completion["hasMore"] == true);
  CHECK(error_code(ask("completion/complete", R"({"ref":{"type":"x"}})")) == -32602);
  CHECK(error_code(ask("completion/complete", R"({"ref":{"type":"ref/prompt"}})")) == -32602);
}

TEST_CASE("features: a template's variable is what stands in its place") {
  const std::string_view things = "test://things/{id}/data";
  CHECK(mcp::variable_in(things, "test://things/7/data") == "7");
  for (const char* other : {"test://things//data", "test://things/7", "test://things/7/8/data",
                            "test://other/7/data", "", "test://things/data"}) {
    CAPTURE(other);
    CHECK(mcp::variable_in(things, other) == std::nullopt);
  }
}
