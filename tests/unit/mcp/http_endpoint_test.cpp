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
  explicit Endpoint(std::string key = "k") : endpoint_(server_of(std::move(key))) {}

  static std::shared_ptr<mcp::Server> server_of(std::string key) {
    auto server = test_server();
    server->secrets = {
        [key = std::move(key)](std::string_view text) { return fake_mac(key, text); },
        [n = std::make_shared<int>(0)] { return "name" + std::to_string(++*n); }};
    return server;
  }

  HttpAnswer ask(const HttpRequest& request, const std::string& identity = "alice") {
    std::optional<HttpAnswer> answer;
    endpoint_.handle(request, {provider_, identity},
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

TEST_CASE("endpoint: the body says that it is a handshake, and a session its era") {
  Endpoint endpoint;
  const std::string hello = Endpoint::initialize("2025-06-18");
  for (const Headers& headers :
       {Headers{{"mcp-method", "initialize"}}, modern_headers("initialize"),
        Headers{{"mcp-method", "tools/list"}, {"mcp-name", "x"}},
        Headers{{"mcp-protocol-version", "2025-06-18"}, {"mcp-method", "initialize"}}}) {
    const auto begun = endpoint.post(hello, headers);
    CHECK(begun.status == 200);
    CHECK(parsed(begun)["result"]["protocolVersion"] == "2025-06-18");
  }
  const std::string id = endpoint.session("2025-03-26");
  const auto list = endpoint.post(kList, {{"mcp-session-id", id}, {"mcp-method", "tools/list"}});
  REQUIRE(list.status == 200);
  CHECK_FALSE(parsed(list)["result"]["tools"][0].contains("title"));
  CHECK(endpoint
            .post(R"({"jsonrpc":"2.0","method":"notifications/initialized"})",
                  {{"mcp-session-id", id}, {"mcp-method", "notifications/initialized"}})
            .status == 202);
  CHECK(endpoint.post(kList, {{"mcp-method", "tools/list"}}).status == 400);  // the modern era
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
  CHECK(mcp::decode_header_value("=?base64?"
                                 "?=") == "");
  CHECK(mcp::decode_header_value("=?base64?a?=") == std::nullopt);
  CHECK(mcp::decode_header_value("=?base64?====?=") == std::nullopt);
  CHECK(mcp::decode_header_value("=?base64?=") == "=?base64?=");
}

namespace {

// Tools that say something first, and one that keeps its call.
class TellingProvider : public HoldingProvider {
 public:
  mcp::Features features() const override { return {.resource_subscriptions = true}; }
  void list_tools(std::function<void(std::shared_ptr<const mcp::ToolList>)> done) override {
    done(list_);
  }
  void call_tool(mcp::ToolCall call, mcp::Exchange exchange,
                 std::function<void(mcp::Answered<mcp::ToolResult>)> done) override {
    if (call.name == "release") exchange.release_stream();
    exchange.log(mcp::LogLevel::Error, "", Json("first"));
    exchange.on_cancel([this] { ++cancelled; });
    HoldingProvider::call_tool(std::move(call), std::move(exchange), std::move(done));
  }
  int cancelled = 0;

 private:
  static mcp::Tool tool(const char* name, const char* schema = R"({"type":"object"})") {
    mcp::Tool made;
    made.name = name;
    made.input_schema = schema;
    return made;
  }
  std::shared_ptr<const mcp::ToolList> list_ =
      std::make_shared<mcp::ToolList>(std::vector<mcp::Tool>{
          tool("tell"), tool("release"), tool("mirror", R"({"type":"object","properties":{
               "region":{"type":"string","x-mcp-header":"Region"},
               "count":{"type":"integer","x-mcp-header":"Count"}}})")});
};

class Streams {
 public:
  explicit Streams(mcp::HttpLimits limits = {}) : endpoint(test_server(), limits) {}

  HttpAnswer ask(const HttpRequest& request, const std::string& identity = "alice") {
    std::optional<HttpAnswer> answer;
    endpoint.handle(request, {provider, identity},
                    [&](HttpAnswer given) { answer = std::move(given); });
    REQUIRE(answer);
    return *answer;
  }
  HttpAnswer call(const std::string& tool, Headers headers) {
    headers.emplace_back("accept", "application/json, text/event-stream");
    return ask({"POST", std::move(headers), call_text("1", tool, "{}")});
  }
  std::string session() {
    for (const auto& [name, value] :
         ask({"POST", {}, Endpoint::initialize("2025-11-25")}).headers) {
      if (name == "Mcp-Session-Id") return value;
    }
    return "";
  }
  HttpAnswer get(const std::string& session, const std::string& last = "") {
    Headers headers = {{"mcp-session-id", session}, {"accept", "text/event-stream"}};
    if (!last.empty()) headers.emplace_back("last-event-id", last);
    return ask({"GET", headers, ""});
  }

  std::shared_ptr<TellingProvider> provider = std::make_shared<TellingProvider>();
  mcp::HttpEndpoint endpoint;
};

std::size_t events_in(const std::string& bytes) {
  std::size_t count = 0;
  for (auto at = bytes.find("data: {"); at != std::string::npos;
       at = bytes.find("data: {", at + 1)) {
    ++count;
  }
  return count;
}

}  // namespace

TEST_CASE("endpoint: an answer becomes a stream when something is said before it") {
  Streams on;
  const HttpAnswer answer = on.call("tell", {{"mcp-session-id", on.session()}});
  REQUIRE(answer.stream);
  CHECK(answer.headers == Headers{{"X-Accel-Buffering", "no"}});
  auto chunk = answer.stream->take();
  CHECK(chunk.bytes.starts_with("id: 1-0\nretry: 1000\ndata: \n\n"));
  CHECK(chunk.bytes.find("id: 1-1\ndata: {") != std::string::npos);
  CHECK_FALSE(chunk.is_last);
  on.provider->take(1)[0].answer();
  chunk = answer.stream->take();
  CHECK(chunk.bytes.starts_with("id: 1-2\ndata: {"));
  CHECK(chunk.is_last);
}

TEST_CASE("endpoint: a client that takes JSON only gets the answer alone") {
  Streams on;
  std::optional<HttpAnswer> answer;
  on.endpoint.handle({"POST", {{"accept", "application/json"}}, call_text("1", "tell", "{}")},
                     {on.provider, "alice"}, [&](HttpAnswer given) { answer = std::move(given); });
  CHECK_FALSE(answer);
  on.provider->take(1)[0].answer();
  REQUIRE(answer);
  CHECK(parsed(*answer)["id"] == 1);
}

TEST_CASE("endpoint: listening needs a stream") {
  Streams on;
  const std::string listen = R"({"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{)"
                             R"("notifications":{"toolsListChanged":true},"_meta":{)"
                             R"("io.modelcontextprotocol/protocolVersion":"2026-07-28",)"
                             R"("io.modelcontextprotocol/clientCapabilities":{}}}})";
  const auto answer = [&](const std::string& accept) {
    std::optional<HttpAnswer> given;
    on.endpoint.handle({"POST",
                        {{"accept", accept},
                         {"mcp-protocol-version", "2026-07-28"},
                         {"mcp-method", "subscriptions/listen"}},
                        listen},
                       {on.provider, "alice"}, [&](HttpAnswer come) { given = std::move(come); });
    REQUIRE(given);
    return std::move(*given);
  };
  CHECK(answer("application/json").status == 406);
  std::vector<HttpAnswer> open;
  for (std::size_t i = 0; i < mcp::HttpLimits().streams_per_client_max; ++i) {
    open.push_back(answer("application/json, text/event-stream"));
    REQUIRE(open.back().stream);
  }
  const HttpAnswer refused = answer("application/json, text/event-stream");
  CHECK(refused.status == 429);
  CHECK(error_text(parsed(refused)).find("no stream to listen on") != std::string::npos);
  for (const HttpAnswer& each : open) each.stream->abandon();
}

TEST_CASE("endpoint: a broken stream is taken up again after the last event seen") {
  Streams on;
  const std::string session = on.session();
  const HttpAnswer answer = on.call("tell", {{"mcp-session-id", session}});
  answer.stream->take();
  answer.stream->abandon();
  CHECK(on.provider->cancelled == 0);  // in this era a broken stream cancels nothing
  on.provider->take(1)[0].answer();
  const HttpAnswer again = on.get(session, "1-0");
  REQUIRE(again.stream);
  const auto rest = again.stream->take();
  CHECK(events_in(rest.bytes) == 2);
  CHECK(rest.is_last);
  CHECK(events_in(on.get(session, "1-1").stream->take().bytes) == 1);
  CHECK(on.get(session, "9-1").status == 404);
  CHECK(on.get(session, "what").status == 400);
  CHECK(
      on.ask({"GET", {{"mcp-session-id", session}, {"accept", "text/event-stream"}}, ""}, "mallory")
          .status == 404);
}

TEST_CASE("endpoint: the latest answer is kept however long, and a gap is not passed over") {
  mcp::HttpLimits limits;
  limits.streams.kept_bytes_max = 10;
  Streams on(limits);
  const std::string session = on.session();
  on.call("tell", {{"mcp-session-id", session}}).stream->abandon();
  on.provider->take(1)[0].answer();
  const HttpAnswer rest = on.get(session, "1-1");
  REQUIRE(rest.stream);
  CHECK(events_in(rest.stream->take().bytes) == 1);
  CHECK(on.get(session, "1-0").status == 404);  // what it told first is no longer kept
}

TEST_CASE("endpoint: a stream that is let go is ended and comes back for its rest") {
  Streams on;
  const std::string session = on.session();
  const HttpAnswer answer = on.call("release", {{"mcp-session-id", session}});
  CHECK(answer.stream->take().is_last);
  on.provider->take(1)[0].answer();
  const auto rest = on.get(session, "1-0").stream->take();
  CHECK(events_in(rest.bytes) == 2);
  CHECK(rest.is_last);
}

TEST_CASE("endpoint: the stream of a session carries what belongs to no request") {
  Streams on;
  const std::string session = on.session();
  const HttpAnswer own = on.get(session);
  REQUIRE(own.stream);
  own.stream->take();
  const std::string subscribe =
      R"({"jsonrpc":"2.0","id":1,"method":"resources/subscribe","params":{"uri":"test://x"}})";
  CHECK(on.ask({"POST", {{"mcp-session-id", session}}, subscribe}).status == 200);
  CHECK(error_code(parsed(on.ask({"POST", {}, subscribe}))) == -32600);  // no session, no stream
  on.get(session);  // another reader takes its place
  CHECK(own.stream->take().is_last);
}

TEST_CASE("endpoint: in the modern era a client that leaves the stream cancels") {
  Streams on;
  Headers headers = modern_headers("tools/call", "tell");
  headers.emplace_back("accept", "application/json, text/event-stream");
  const std::string body =
      R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"tell","_meta":{)"
      R"("io.modelcontextprotocol/protocolVersion":"2026-07-28",)"
      R"("io.modelcontextprotocol/logLevel":"debug",)"
      R"("io.modelcontextprotocol/clientCapabilities":{}}}})";
  const HttpAnswer answer = on.ask({"POST", headers, body});
  REQUIRE(answer.stream);
  CHECK(answer.stream->take().bytes.starts_with("data: {"));  // nothing to come back for
  answer.stream->abandon();
  CHECK(on.provider->cancelled == 1);
  on.provider->take(1)[0].answer();  // too late, and harmless
}

TEST_CASE("endpoint: a client has only so many streams") {
  mcp::HttpLimits limits;
  limits.streams_per_client_max = 1;
  Streams on(limits);
  const std::string first = on.session();
  const HttpAnswer open = on.get(first);
  CHECK(open.stream);
  CHECK(on.get(on.session()).status == 429);
  open.stream->abandon();
  CHECK(on.get(on.session()).stream);
}

TEST_CASE("endpoint: a reader that is too slow is cut off") {
  mcp::EventStream stream(10);
  bool gone = false;
  stream.on_gone([&] { gone = true; });
  stream.send("12345");
  CHECK_FALSE(stream.take().is_last);
  stream.send("12345678901");
  const auto chunk = stream.take();
  CHECK(chunk.is_last);
  CHECK(chunk.bytes.empty());
  CHECK_FALSE(gone);  // until the transport says so
  stream.abandon();
  CHECK(gone);
}

TEST_CASE("endpoint: arguments that a header repeats are the same in both") {
  Streams on;
  const auto status = [&](const std::string& arguments, Headers more) {
    Headers headers = modern_headers("tools/call", "mirror");
    for (auto& each : more) headers.push_back(std::move(each));
    std::optional<int> given;
    on.endpoint.handle(
        {"POST", headers, modern("tools/call", R"(,"name":"mirror","arguments":)" + arguments)},
        {on.provider, "alice"}, [&](const HttpAnswer& answer) { given = answer.status; });
    if (!given) on.provider->take(1)[0].answer();
    return *given;
  };
  CHECK(status("{}", {}) == 200);
  CHECK(status(R"({"region":"eu"})", {{"mcp-param-region", "eu"}}) == 200);
  CHECK(status(R"({"region":"eu","count":5})",
               {{"mcp-param-region", "=?base64?ZXU=?="}, {"mcp-param-count", "5"}}) == 200);
  CHECK(status(R"({"region":"eu"})", {}) == 400);
  CHECK(status(R"({"region":"eu"})", {{"mcp-param-region", "us"}}) == 400);
  CHECK(status(R"({"region":"eu"})", {{"mcp-param-region", "=?base64?ZXU?="}}) == 400);
  CHECK(status("{}", {{"mcp-param-region", "eu"}}) == 400);
}
