// The HTTP transport of the first revision, without a network.
#include "mcp/sse_endpoint.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/mcp/conversation.hpp"

using namespace mcp_test;

namespace {

class Sse {
 public:
  explicit Sse(mcp::HttpLimits limits = {})
      : endpoint(std::make_shared<mcp::SseEndpoint>(test_server(), limits, "/messages")) {}

  mcp::HttpAnswer open(const std::string& identity = "alice") {
    return endpoint->open({"GET", {}, ""}, {provider, identity});
  }
  int post(const std::string& id, const std::string& body, const std::string& identity = "alice",
           mcp::HttpHeaders headers = {}) {
    return endpoint->post(id, {"POST", std::move(headers), body}, {provider, identity}).status;
  }

  std::shared_ptr<mcp::Provider> provider = std::make_shared<DirectProvider>();
  std::shared_ptr<mcp::SseEndpoint> endpoint;
};

// The session's id in the first event.
std::string id_in(const mcp::HttpAnswer& answer) {
  const std::string first = answer.stream->take().bytes;
  const std::string start = "event: endpoint\ndata: /messages?sessionId=";
  REQUIRE(first.starts_with(start));
  REQUIRE(first.ends_with("\n\n"));
  return first.substr(start.size(), first.size() - start.size() - 2);
}

const std::string kInitialize =
    R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2024-11-05",)"
    R"("capabilities":{},"clientInfo":{"name":"t","version":"1"}}})";

}  // namespace

TEST_CASE("sse: answers come on the stream, posts are only taken") {
  Sse on;
  const auto answer = on.open();
  const std::string id = id_in(answer);
  CHECK(on.post(id, kInitialize) == 202);
  const std::string event = answer.stream->take().bytes;
  REQUIRE(event.starts_with("event: message\ndata: {"));
  CHECK(Json::parse(event.substr(21))["result"]["protocolVersion"] == "2024-11-05");
  CHECK(on.post(id, "{") == 202);
  CHECK(answer.stream->take().bytes.find("-32700") != std::string::npos);
}

TEST_CASE("sse: a client that opens its stream anew goes on without a handshake") {
  const auto first_tool = [](Sse& on, const mcp::HttpHeaders& headers) {
    const auto answer = on.open();
    const std::string id = id_in(answer);
    CHECK(on.post(id, R"({"jsonrpc":"2.0","id":1,"method":"tools/list"})", "alice", headers) ==
          202);
    const Json list = Json::parse(answer.stream->take().bytes.substr(21));
    CHECK(on.post(id, kInitialize) == 202);  // all the same
    CHECK(answer.stream->take().bytes.find("protocolVersion") != std::string::npos);
    return list["result"]["tools"][0];
  };
  Sse on;
  CHECK(first_tool(on, {}).contains("outputSchema"));
  CHECK_FALSE(first_tool(on, {{"mcp-protocol-version", "2024-11-05"}}).contains("annotations"));
}

TEST_CASE("sse: a session belongs to its key and ends with its stream") {
  Sse on;
  const auto answer = on.open();
  const std::string id = id_in(answer);
  CHECK(on.post(id, kInitialize, "mallory") == 404);
  CHECK(on.post("", kInitialize) == 404);
  answer.stream->abandon();
  CHECK(on.post(id, kInitialize) == 404);
}

TEST_CASE("sse: a key has only so many streams") {
  mcp::HttpLimits limits;
  limits.streams_per_client_max = 2;
  Sse on(limits);
  const auto first = on.open();
  const auto second = on.open();
  CHECK(on.open().status == 429);
  CHECK(on.open("bob").status == 200);
  first.stream->abandon();
  CHECK(on.open().status == 200);
}
