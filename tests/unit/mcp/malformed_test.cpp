// What is not a proper message, and how it is answered.
#include <catch2/catch.hpp>

#include "tests/unit/mcp/conversation.hpp"

using namespace mcp_test;

namespace {

struct Case {
  std::string text;
  int code;        // 0: no answer at all
  std::string id;  // JSON text of the id in the answer
};

const std::vector<Case>& malformed() {
  static const std::vector<Case> cases = {
      {"", -32700, "null"},
      {"nonsense", -32700, "null"},
      {"{", -32700, "null"},
      {R"({"jsonrpc":"2.0","id":1,"method":"ping"} x)", -32700, "1"},
      {R"({"jsonrpc":"2.0","id":7,"method":"ping","params":{"a":tru}})", -32700, "7"},
      {"{\"jsonrpc\":\"2.0\",\"id\":\"u\",\"method\":\"ping\",\"params\":{\"a\":\"\xff\"}}", -32700,
       "\"u\""},
      {"null", -32600, "null"},
      {"\"ping\"", -32600, "null"},
      {"{}", -32600, "null"},
      {R"({"id":1,"method":"ping"})", -32600, "1"},
      {R"({"jsonrpc":"1.0","id":1,"method":"ping"})", -32600, "1"},
      {R"({"jsonrpc":2.0,"id":1,"method":"ping"})", -32600, "1"},
      {R"({"jsonrpc":"2.0","id":"a"})", -32600, "\"a\""},
      {R"({"jsonrpc":"2.0","id":1,"method":5})", -32600, "1"},
      {R"({"jsonrpc":"2.0","id":null,"method":"ping"})", -32600, "null"},
      {R"({"jsonrpc":"2.0","id":1.5,"method":"ping"})", -32600, "null"},
      {R"({"jsonrpc":"2.0","id":true,"method":"ping"})", -32600, "null"},
      {R"({"jsonrpc":"2.0","id":[1],"method":"ping"})", -32600, "null"},
      {R"({"jsonrpc":"2.0","id":1,"id":2,"method":"ping"})", -32600, "null"},
      {R"({"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/list"})", -32600, "1"},
      {R"({"jsonrpc":"2.0","id":1,"method":"ping","params":[1]})", -32602, "1"},
      {R"({"jsonrpc":"2.0","id":1,"method":"ping","params":"x"})", -32602, "1"},
      {R"({"jsonrpc":"2.0","id":1,"method":""})", -32601, "1"},
      {R"({"jsonrpc":"2.0","id":1,"method":"logging/setLevel","params":{"level":"info"}})", -32601,
       "1"},
      {R"({"jsonrpc":"2.0","id":1,"method":"notifications/initialized"})", -32601, "1"},
      {R"({"jsonrpc":"2.0","id":1,"method":"server/discover"})", -32602, "1"},
      {R"({"jsonrpc":"2.0","id":1,"method":"tools/call"})", -32602, "1"},
      {R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":3}})", -32602, "1"},
      {R"({"jsonrpc":"2.0","id":1,"method":"tools/call",
           "params":{"name":"echo_text","arguments":[]}})",
       -32602, "1"},
      {R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"nope"}})", -32602, "1"},
      {"[]", -32600, "null"},
      {R"([{"jsonrpc":"2.0","id":1,"method":"ping"}])", -32600, "null"},
      // Without an answer: notifications, known or not, and responses nobody asked for.
      {R"({"jsonrpc":"2.0","method":"notifications/whatever"})", 0, ""},
      {R"({"jsonrpc":"2.0","method":"tools/list"})", 0, ""},
      {R"({"jsonrpc":"2.0","method":"notifications/cancelled"})", 0, ""},
      {R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":{}}})", 0, ""},
      {R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":99}})", 0, ""},
      {R"({"jsonrpc":"2.0","id":1,"result":{}})", 0, ""},
      {R"({"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"x"}})", 0, ""},
  };
  return cases;
}

std::string nested(std::size_t depth) {
  return R"({"jsonrpc":"2.0","id":3,"method":"ping","params":{"a":)" + std::string(depth, '[') +
         std::string(depth, ']') + "}}";
}

}  // namespace

TEST_CASE("every malformed message gets its code, its id and a sentence") {
  for (const Case& row : malformed()) {
    CAPTURE(row.text);
    Client client(std::make_shared<DirectProvider>());
    client.initialize("2025-11-25");
    const Json answer = client.ask(row.text);
    REQUIRE(answer.is_null() == (row.code == 0));
    if (row.code == 0) continue;
    CHECK(error_code(answer) == row.code);
    CHECK(answer["id"].dump() == row.id);
    CHECK(answer["jsonrpc"] == "2.0");
    CHECK(error_text(answer).size() > 15);
    // The connection has taken no harm.
    CHECK(client.ask(call_text("77"))["id"] == 77);
    CHECK(client.connection->in_flight() == 0);
  }
}

TEST_CASE("too much depth is refused under the id of the message") {
  Client client(std::make_shared<DirectProvider>());
  const Json answer = client.ask(nested(100'000));
  CHECK(error_code(answer) == -32600);
  CHECK(answer["id"] == 3);
}

TEST_CASE("a message over the limit is refused, at the limit it is not") {
  mcp::ServerLimits limits;
  limits.message_bytes_max = 200;
  Client client(std::make_shared<DirectProvider>(), limits);
  std::string message = R"({"jsonrpc":"2.0","id":"x","method":"ping"})";
  message.append(200 - message.size(), ' ');
  CHECK(client.ask(message).contains("result"));
  const Json answer = client.ask(message + " ");
  CHECK(error_code(answer) == -32600);
  CHECK(answer["id"] == "x");
  CHECK_THAT(error_text(answer), Catch::Contains("200 bytes"));
}

TEST_CASE("the id of a broken message is only used when it is certain") {
  CHECK(mcp::jsonrpc::find_id(R"({"jsonrpc":"2.0","id":12,"method":"to)") == "12");
  CHECK(mcp::jsonrpc::find_id(R"({"jsonrpc":"2.0","id":12)") == "null");
  CHECK(mcp::jsonrpc::find_id(R"({"params":{"id":1},"id":"b","x":)") == "\"b\"");
  CHECK(mcp::jsonrpc::find_id(R"({"params":{"id":1},"x":)") == "null");
  CHECK(mcp::jsonrpc::find_id(R"({"id":{"id":1},"x":1})") == "null");
  CHECK(mcp::jsonrpc::find_id(R"({"id":1,"id":2,"x":1})") == "null");
  CHECK(mcp::jsonrpc::find_id(R"([{"id":1,"x":2}])") == "null");
  CHECK(mcp::jsonrpc::find_id("") == "null");
}

TEST_CASE("before initialize only ping and initialize are answered") {
  Client client(std::make_shared<DirectProvider>());
  CHECK(client.ask(R"({"jsonrpc":"2.0","id":1,"method":"ping"})")["result"] == Json::object());
  for (const char* method : {"tools/list", "tools/call"}) {
    const Json answer = client.ask(R"({"jsonrpc":"2.0","id":2,"method":")" + std::string(method) +
                                   R"(","params":{"name":"echo_text"}})");
    CHECK(error_code(answer) == -32600);
    CHECK_THAT(error_text(answer), Catch::Contains("initialize"));
  }
  CHECK(error_code(client.ask(R"([{"jsonrpc":"2.0","id":1,"method":"ping"}])")) == -32600);
  CHECK(client.initialize("2025-06-18").contains("result"));
}

TEST_CASE("initialize is checked, and happens once") {
  Client client(std::make_shared<DirectProvider>());
  for (const char* params : {"{}", R"({"protocolVersion":20251125})",
                             R"({"protocolVersion":"2025-11-25","capabilities":[]})",
                             R"({"protocolVersion":"2025-11-25","clientInfo":"me"})"}) {
    CAPTURE(params);
    CHECK(error_code(client.ask(R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":)" +
                                std::string(params) + "}")) == -32602);
  }
  CHECK(client.initialize("2024-11-05").contains("result"));
  const Json again = client.initialize("2025-11-25");
  CHECK(error_code(again) == -32600);
  CHECK_THAT(error_text(again), Catch::Contains("2024-11-05"));
}

TEST_CASE("an unknown tool is named with its nearest neighbour") {
  auto provider = std::make_shared<DirectProvider>();
  Client client(provider);
  client.initialize("2025-11-25");
  const Json near = client.ask(call_text("1", "echo_txt"));
  CHECK(error_code(near) == -32602);
  CHECK_THAT(error_text(near), Catch::Contains("'echo_txt'") && Catch::Contains("'echo_text'"));
  const Json far = client.ask(call_text("1", std::string(5'000, 'q')));
  CHECK(error_code(far) == -32602);
  CHECK(error_text(far).size() < 250);
  const Json hidden = client.ask(call_text("1", "echo\u202e_txt\U000E0041"));
  CHECK_THAT(error_text(hidden), Catch::Contains("'echo_txt'"));
  CHECK(provider->calls == 0);
}

TEST_CASE("absent and null arguments are an empty object") {
  Client client(std::make_shared<DirectProvider>());
  client.initialize("2025-11-25");
  for (const char* params :
       {R"({"name":"echo_text"})", R"({"name":"echo_text","arguments":null})",
        R"({"name":"echo_text","arguments":{},"_meta":{"progressToken":1}})"}) {
    const Json answer = client.ask(R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":)" +
                                   std::string(params) + "}");
    CHECK(answer["result"]["structuredContent"] == Json::object());
  }
}

TEST_CASE("a provider that throws is an internal error without its text, which goes to the log") {
  std::string logged;
  Client client(std::make_shared<DirectProvider>(), {},
                [&](std::string_view sentence) { logged += sentence; });
  client.initialize("2025-11-25");
  const Json answer = client.ask(call_text("1", "throw_up"));
  CHECK(error_code(answer) == -32603);
  CHECK_THAT(answer.dump(), !Catch::Contains("hunter2"));
  CHECK_THAT(logged, Catch::Contains("hunter2") && Catch::Contains("tools/call"));
  CHECK(client.connection->in_flight() == 0);
}
