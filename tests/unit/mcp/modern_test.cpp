// The era of 2026-07-28 on a stream: no handshake, metadata in each request.
#include <catch2/catch.hpp>

#include "tests/unit/mcp/conversation.hpp"

using namespace mcp_test;

namespace {

const std::string kMeta = R"("_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",)"
                          R"("io.modelcontextprotocol/clientCapabilities":{}})";

std::string request(std::string_view method, const std::string& params = kMeta) {
  return R"({"jsonrpc":"2.0","id":7,"method":")" + std::string(method) + R"(","params":{)" +
         params + "}}";
}

}  // namespace

TEST_CASE("modern: discover tells versions, capabilities and who answers") {
  Client client(std::make_shared<DirectProvider>());
  const Json result = client.ask(request("server/discover"))["result"];
  CHECK(result["resultType"] == "complete");
  CHECK(result["supportedVersions"].back() == "2026-07-28");
  CHECK(result["capabilities"] == Json::parse(R"({"tools":{}})"));
  CHECK(result["serverInfo"]["name"] == "test");
  CHECK(result["instructions"] == "Use it\nwell.");
  CHECK(result["ttlMs"].get<int>() > 0);
  CHECK(result["cacheScope"] == "public");
}

TEST_CASE("modern: lists and calls need no handshake, and say what they are") {
  Client client(std::make_shared<DirectProvider>());
  const Json list = client.ask(request("tools/list"))["result"];
  CHECK(list["resultType"] == "complete");
  CHECK(list["cacheScope"] == "private");
  CHECK(list["ttlMs"].is_number_integer());
  CHECK(list["tools"].size() == 3);
  CHECK(list["tools"][0]["title"] == "Echo a text");
  const Json call = client.ask(
      request("tools/call", kMeta + R"(,"name":"echo_text","arguments":{"text":"hi"})"))["result"];
  CHECK(call["resultType"] == "complete");
  CHECK(call["structuredContent"]["text"] == "hi");
  CHECK(call["_meta"]["io.modelcontextprotocol/serverInfo"]["version"] == "1.2.3");
}

TEST_CASE("modern: metadata that is missing or of another time is refused") {
  Client client(std::make_shared<DirectProvider>());
  CHECK(error_code(client.ask(request("server/discover", ""))) == -32602);
  CHECK(error_code(client.ask(request(
            "tools/list",
            R"("_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"})"))) == -32602);
  const Json future = client.ask(
      request("tools/list", R"("_meta":{"io.modelcontextprotocol/protocolVersion":"2099-01-01",)"
                            R"("io.modelcontextprotocol/clientCapabilities":{}})"));
  CHECK(error_code(future) == -32022);
  CHECK(future["error"]["data"]["requested"] == "2099-01-01");
  CHECK(future["error"]["data"]["supported"].back() == "2026-07-28");
  CHECK(error_code(client.ask(request("ping"))) == -32601);
  CHECK(error_code(client.ask(request("initialize"))) == -32601);
}

TEST_CASE("modern: both eras share a connection") {
  Client client(std::make_shared<DirectProvider>());
  client.initialize("2025-06-18");
  CHECK_FALSE(client.ask(call_text("1"))["result"].contains("resultType"));
  CHECK(client.ask(request("tools/list"))["result"].contains("resultType"));
  CHECK_FALSE(client.ask(call_text("2"))["result"].contains("resultType"));
}
