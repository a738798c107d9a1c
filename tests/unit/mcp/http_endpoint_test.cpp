// The endpoint of Streamable HTTP, without a network.
#include "mcp/http_endpoint.hpp"

#include <catch2/catch.hpp>

#include "mcp/header_value.hpp"
#include "tests/unit/mcp/conversation.hpp"

using namespace mcp_test;
using mcp::HttpAnswer;
using mcp::HttpRequest;

namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

// Enough of a keyed hash for a test.
std::string fake_mac(std::string_view key, std::string_view text) {
  const std::size_t hash = std::hash<std::string>{}(std::string(key) + std::string(text));
  return std::string(reinterpret_cast<const char*>(&hash), sizeof hash);
}

class Endpoint {
 public:
  explicit Endpoint(std::string key = "k")
      : endpoint_({"test", "Test server", "1.2.3", "Use it."}, {},
                  {[key](std::string_view text) { return fake_mac(key, text); },
                   [n = std::make_shared<int>(0)] { return "name" + std::to_string(++*n); }},
                  {}) {}

  HttpAnswer ask(HttpRequest request, const std::string& identity = "alice") {
    std::optional<HttpAnswer> answer;
    endpoint_.handle(std::move(request), {provider_, identity},
                     [&](HttpAnswer given) { answer = std::move(given); });
    REQUIRE(answer);
    return *answer;
  }
  HttpAnswer post(std::string body, Headers headers = {}, const std::string& identity = "alice") {
    return ask({"POST", std::move(headers), std::move(body)}, identity);
  }
  std::string session(const std::string& revision = "2025-06-18") {
    const auto answer = post(initialize(revision));
    REQUIRE(answer.status == 200);
    for (const auto& [name, value] : answer.headers) {
      if (name == "Mcp-Session-Id") return value;
    }
    FAIL("no session");
    return "";
  }
  static std::string initialize(const std::string& revision) {
    return R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":")" +
           revision + R"(","capabilities":{},"clientInfo":{"name":"t","version":"1"}}})";
  }

 private:
  std::shared_ptr<mcp::Provider> provider_ = std::make_shared<DirectProvider>();
  mcp::HttpEndpoint endpoint_;
};

const std::string kList = R"({"jsonrpc":"2.0","id":1,"method":"tools/list"})";

Json parsed(const HttpAnswer& answer) {
  return Json::parse(answer.body);
}

// A request of the modern era; `name` as in tools/call.
std::string modern(const std::string& method, const std::string& more = "") {
  return R"({"jsonrpc":"2.0","id":1,"method":")" + method +
         R"(","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",)"
         R"("io.modelcontextprotocol/clientCapabilities":{}})" +
         more + "}}";
}

Headers modern_headers(const std::string& method, const std::string& name = "") {
  Headers headers = {{"mcp-protocol-version", "2026-07-28"}, {"mcp-method", method}};
  if (!name.empty()) headers.emplace_back("mcp-name", name);
  return headers;
}

}  // namespace

TEST_CASE("endpoint: a session carries its revision, on every node and after a restart") {
  Endpoint endpoint;
  const std::string id = endpoint.session("2025-03-26");
  Endpoint other;  // the same secrets
  const Json tool = parsed(other.post(kList, {{"mcp-session-id", id}}))["result"]["tools"][0];
  CHECK(tool.contains("annotations"));
  CHECK_FALSE(tool.contains("title"));
  CHECK(id.find_first_of(" \r\n\t") == std::string::npos);
  CHECK(endpoint.session() != endpoint.session());
}

TEST_CASE("endpoint: a session belongs to its key") {
  Endpoint endpoint;
  const std::string id = endpoint.session();
  CHECK(endpoint.post(kList, {{"mcp-session-id", id}}).status == 200);
  CHECK(endpoint.post(kList, {{"mcp-session-id", id}}, "mallory").status == 404);
  for (std::size_t at = 0; at < id.size(); ++at) {
    std::string changed = id;
    changed[at] = changed[at] == 'a' ? 'b' : 'a';
    CAPTURE(changed);
    CHECK(endpoint.post(kList, {{"mcp-session-id", changed}}).status == 404);
  }
  for (const char* made_up : {"", ".", "..", "2025-06-18.x.", "2026-07-28.x.y", "x"}) {
    CHECK(endpoint.post(kList, {{"mcp-session-id", made_up}}).status == 404);
  }
  CHECK(Endpoint("another key").post(kList, {{"mcp-session-id", id}}).status == 404);
}

TEST_CASE("endpoint: an ended session is no more") {
  Endpoint endpoint;
  const std::string id = endpoint.session();
  CHECK(endpoint.ask({"DELETE", {{"mcp-session-id", id}}, ""}, "mallory").status == 404);
  CHECK(endpoint.ask({"DELETE", {{"mcp-session-id", id}}, ""}).status == 204);
  CHECK(endpoint.post(kList, {{"mcp-session-id", id}}).status == 404);
  CHECK(endpoint.ask({"DELETE", {{"mcp-session-id", id}}, ""}).status == 404);
  CHECK(endpoint.ask({"DELETE", {}, ""}).status == 400);
}

TEST_CASE("endpoint: calls without a session are served, under the revision they name") {
  Endpoint endpoint;
  CHECK_FALSE(parsed(endpoint.post(kList))["result"]["tools"][0].contains("title"));
  const auto named = endpoint.post(kList, {{"mcp-protocol-version", "2025-11-25"}});
  CHECK(parsed(named)["result"]["tools"][0].contains("title"));
  const auto unknown = endpoint.post(kList, {{"mcp-protocol-version", "1999-01-01"}});
  CHECK(unknown.status == 400);
  CHECK(error_code(parsed(unknown)) == -32022);
  CHECK(endpoint.post(Endpoint::initialize("2025-11-25"), {{"mcp-protocol-version", "2025-03-26"}})
            .status == 200);
}

TEST_CASE("endpoint: messages without an answer are taken, malformed ones are refused") {
  Endpoint endpoint;
  const std::string notification = R"({"jsonrpc":"2.0","method":"notifications/initialized"})";
  CHECK(endpoint.post(notification).status == 202);
  CHECK(endpoint.post(notification).body.empty());
  CHECK(endpoint.post(R"({"jsonrpc":"2.0","id":3,"result":{}})").status == 202);
  CHECK(endpoint.post("{").status == 400);
  CHECK(endpoint.post("5").status == 400);
  CHECK(error_code(parsed(endpoint.post(R"({"id":1,"method":"ping"})"))) == -32600);
  CHECK(parsed(endpoint.post(R"({"jsonrpc":"2.0","id":"p","method":"ping"})"))["id"] == "p");
  const auto missing = endpoint.post(R"({"jsonrpc":"2.0","id":1,"method":"what/ever"})");
  CHECK(missing.status == 200);
  CHECK(error_code(parsed(missing)) == -32601);
  CHECK(endpoint.post(kList, {{"accept", "text/html"}}).status == 406);
  CHECK(endpoint.post(kList, {{"accept", "application/json, text/event-stream"}}).status == 200);
  const auto stream = endpoint.ask({"GET", {{"accept", "text/event-stream"}}, ""});
  CHECK(stream.status == 405);
  CHECK(endpoint.post(kList, {{"mcp-session-id", "a"}, {"mcp-session-id", "b"}}).status == 400);
}

TEST_CASE("endpoint: batches are those of 2025-03-26") {
  Endpoint endpoint;
  const std::string batch = "[" + kList + R"(,{"jsonrpc":"2.0","method":"x"},)" +
                            R"({"jsonrpc":"2.0","id":"b","method":"ping"},7])";
  const auto answer = endpoint.post(batch, {{"mcp-protocol-version", "2025-03-26"}});
  REQUIRE(answer.status == 200);
  const Json answers = parsed(answer);
  REQUIRE(answers.size() == 3);
  CHECK(answers[0]["id"] == 1);
  CHECK(answers[1]["id"] == "b");
  CHECK(error_code(answers[2]) == -32600);
  CHECK(endpoint.post(batch, {{"mcp-protocol-version", "2025-06-18"}}).status == 400);
  CHECK(endpoint.post("[]").status == 400);
  CHECK(endpoint.post(R"([{"jsonrpc":"2.0","method":"x"}])").status == 202);
  CHECK(error_code(parsed(endpoint.post("[" + Endpoint::initialize("2025-03-26") + "]"))[0]) ==
        -32600);
}

TEST_CASE("endpoint: the modern era is stateless, and its headers say what its body says") {
  Endpoint endpoint;
  const auto list = endpoint.post(modern("tools/list"), modern_headers("tools/list"));
  REQUIRE(list.status == 200);
  CHECK(parsed(list)["result"]["resultType"] == "complete");
  for (const auto& [name, value] : list.headers) CHECK(name != "Mcp-Session-Id");
  Headers with_session = modern_headers("tools/list");
  with_session.emplace_back("mcp-session-id", "anything");
  CHECK(endpoint.post(modern("tools/list"), with_session).status == 200);

  const std::string call = modern("tools/call", R"(,"name":"echo_text","arguments":{"text":"a"})");
  CHECK(endpoint.post(call, modern_headers("tools/call", "echo_text")).status == 200);
  CHECK(endpoint.post(call, modern_headers("tools/call", "=?base64?ZWNob190ZXh0?=")).status == 200);
  const auto refused = [&](const std::string& body, Headers headers, int code) {
    const auto answer = endpoint.post(body, std::move(headers));
    CHECK(answer.status == (code == -32601 ? 404 : 400));
    CHECK(error_code(parsed(answer)) == code);
    CHECK(parsed(answer)["id"] == 1);
  };
  refused(call, modern_headers("tools/call"), -32020);
  refused(call, modern_headers("tools/call", "delete_thing"), -32020);
  refused(call, modern_headers("tools/call", "=?base64?*?="), -32020);
  refused(call, modern_headers("tools/list", "echo_text"), -32020);
  refused(call, {{"mcp-method", "tools/call"}, {"mcp-name", "echo_text"}}, -32020);
  refused(call, {}, -32020);
  refused(kList, modern_headers("tools/list"), -32602);
  refused(modern("initialize"), modern_headers("initialize"), -32601);
  refused(modern("server/nothing"), modern_headers("server/nothing"), -32601);
  CHECK(endpoint
            .post(R"({"jsonrpc":"2.0","method":"notifications/cancelled"})",
                  modern_headers("notifications/cancelled"))
            .status == 202);
}

TEST_CASE("header values: the base64 form is decoded, others stand as they are") {
  CHECK(mcp::decode_header_value("plain") == "plain");
  CHECK(mcp::decode_header_value("=?base64?SGVsbG8sIOS4lueVjA==?=") == "Hello, 世界");
  CHECK(mcp::decode_header_value("=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?=") == "=?base64?literal?=");
  CHECK(mcp::decode_header_value("=?base64??=") == "");
  CHECK(mcp::decode_header_value("=?base64?a?=") == std::nullopt);
  CHECK(mcp::decode_header_value("=?base64?====?=") == std::nullopt);
  CHECK(mcp::decode_header_value("=?base64?=") == "=?base64?=");
}
