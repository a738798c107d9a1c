// Handlers that say something, ask something, or go on as a task before they answer.
#include <catch2/catch.hpp>

#include "mcp/catalog.hpp"
#include "mcp/open_questions.hpp"
#include "tests/unit/mcp/conversation.hpp"

using namespace mcp_test;
using mcp::Answered;
using mcp::Catalog;
using mcp::Exchange;
using mcp::InputRequired;
using mcp::ToolCall;
using mcp::ToolResult;

namespace {

constexpr const char* kForm = R"({"type":"object","properties":{"name":{"type":"string"}}})";
constexpr const char* kTasks = R"({"extensions":{"io.modelcontextprotocol/tasks":{}}})";

using Handler = std::function<Answered<ToolResult>(const ToolCall&, const Exchange&)>;

std::shared_ptr<Catalog> one_tool(Handler handler, mcp::TaskSupport task = mcp::TaskSupport::None) {
  auto catalog = std::make_shared<Catalog>(
      mcp::Features{.logging = true, .resource_subscriptions = true, .list_changes = true});
  mcp::Tool tool;
  tool.name = "work";
  tool.input_schema = R"({"type":"object"})";
  tool.task = task;
  catalog->add(tool, [handler = std::move(handler)](const ToolCall& call, const Exchange& exchange,
                                                    const Catalog::Done<ToolResult>& done) {
    done(handler(call, exchange));
  });
  return catalog;
}

// Asks for a name, and then for another one, and greets both.
Answered<ToolResult> ask_twice(const ToolCall&, const Exchange& exchange) {
  const auto answered = [&](const char* question) {
    const Json* answer = exchange.input(question);
    return answer == nullptr ? std::string() : (*answer)["content"].value("name", std::string());
  };
  const std::string second = answered("second");
  if (!second.empty()) return ToolResult{.text = exchange.state().value_or("?") + "+" + second};
  const std::string first = answered("first");
  if (!first.empty()) {
    return InputRequired{{mcp::elicitation("second", "And?", Json::parse(kForm))}, first};
  }
  return InputRequired{{mcp::elicitation("first", "Who?", Json::parse(kForm))}, std::nullopt};
}

// A request of the modern era. `more`: further members of the params, with a leading comma.
std::string modern(std::string_view method, const std::string& more = "",
                   const std::string& capabilities = R"({"elicitation":{}})",
                   const std::string& meta = "") {
  return R"({"jsonrpc":"2.0","id":7,"method":")" + std::string(method) +
         R"(","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",)"
         R"("io.modelcontextprotocol/clientCapabilities":)" +
         capabilities + meta + "}" + more + "}}";
}

std::string modern_call(const std::string& more = "",
                        const std::string& capabilities = R"({"elicitation":{}})") {
  return modern("tools/call", R"(,"name":"work","arguments":{})" + more, capabilities);
}

std::string given(const std::string& question, const std::string& name) {
  return R"(,"inputResponses":{")" + question + R"(":{"action":"accept","content":{"name":")" +
         name + "\"}}}";
}

std::string text_of(const Json& answer) {
  return answer.at("result").at("content").at(0).at("text").get<std::string>();
}

void initialize(Client& client, const std::string& capabilities,
                const std::string& revision = "2025-11-25") {
  client.ask(R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":")" +
             revision + R"(","capabilities":)" + capabilities +
             R"(,"clientInfo":{"name":"t","version":"1"}}})");
}

}  // namespace

TEST_CASE("exchange: the modern era gets the questions as a result, with a sealed state") {
  Client client(one_tool(ask_twice));
  const Json first = client.ask(modern_call())["result"];
  CHECK(first["resultType"] == "input_required");
  CHECK(first["inputRequests"]["first"]["method"] == "elicitation/create");
  CHECK_FALSE(first.contains("requestState"));
  const Json second = client.ask(modern_call(given("first", "Ann")))["result"];
  CHECK(second["inputRequests"].contains("second"));
  const auto state = second["requestState"].get<std::string>();
  CHECK(state.find("Ann") == std::string::npos);
  const std::string with_state = given("second", "Bob") + R"(,"requestState":")" + state + '"';
  CHECK(text_of(client.ask(modern_call(with_state))) == "Ann+Bob");
  // A state is that of one call of one client.
  std::string changed = state;
  changed[3] = changed[3] == 'a' ? 'b' : 'a';
  const auto refused = [&](const std::string& message, Client& by) {
    CHECK(error_code(by.ask(message)) == -32602);
  };
  refused(modern_call(given("second", "Bob") + R"(,"requestState":")" + changed + '"'), client);
  refused(modern_call(given("second", "Bob") + R"(,"requestState":5)"), client);
  refused(modern("tools/call", R"(,"name":"work","arguments":{"other":1})" + with_state), client);
  Client other(one_tool(ask_twice));  // another process: other secrets
  refused(modern_call(with_state), other);
  refused(modern_call(R"(,"inputResponses":[])"), client);
  refused(modern_call(R"(,"inputResponses":{"first":null})"), client);
}

TEST_CASE("exchange: a legacy client is asked by requests of ours") {
  Client client(one_tool(ask_twice));
  initialize(client, R"({"elicitation":{}})");
  client.send(call_text("1", "work", "{}"));
  const Json first = Json::parse(client.replies.back());
  CHECK(first["method"] == "elicitation/create");
  CHECK(first["params"]["message"] == "Who?");
  const auto answer = [](const Json& question, const std::string& name) {
    return R"({"jsonrpc":"2.0","id":)" + question["id"].dump() +
           R"(,"result":{"action":"accept","content":{"name":")" + name + "\"}}}";
  };
  client.send(answer(first, "Ann"));
  const Json second = Json::parse(client.replies.back());
  CHECK(second["params"]["message"] == "And?");
  CHECK(second["id"] != first["id"]);
  client.send(answer(first, "Eve"));  // answered already
  client.send(answer(second, "Bob"));
  CHECK(text_of(Json::parse(client.replies.back())) == "Ann+Bob");
  CHECK(client.connection->in_flight() == 0);
}

TEST_CASE("exchange: a question that the client refuses, or has to leave open, ends the call") {
  Client client(one_tool(ask_twice));
  initialize(client, R"({"elicitation":{}})");
  client.send(call_text("1", "work", "{}"));
  const Json question = Json::parse(client.replies.back());
  client.send(R"({"jsonrpc":"2.0","id":)" + question["id"].dump() +
              R"(,"error":{"code":-1,"message":"no person here"}})");
  CHECK(error_text(Json::parse(client.replies.back())).find("no person here") != std::string::npos);
  client.send(call_text("2", "work", "{}"));
  const auto before = client.replies.size();
  client.send(R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":2}})");
  CHECK(client.connection->in_flight() == 0);
  CHECK(client.replies.size() == before + 1);  // only the question is taken back
  CHECK(client.replies.back().find("notifications/cancelled") != std::string::npos);
}

TEST_CASE("exchange: nothing is kept of a call that was cancelled while it asked") {
  std::weak_ptr<int> kept;
  Client client(one_tool([&](const ToolCall& call, const Exchange& exchange) {
    const auto held = std::make_shared<int>(1);
    kept = held;
    exchange.on_cancel([held] {});
    return ask_twice(call, exchange);
  }));
  initialize(client, R"({"elicitation":{}})");
  client.send(call_text("1", "work", "{}"));
  CHECK_FALSE(kept.expired());
  client.send(R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}})");
  CHECK(kept.expired());
}

TEST_CASE("exchange: what waits for the client ends with its input") {
  Client client(one_tool(ask_twice));
  initialize(client, R"({"elicitation":{}})");
  client.send(call_text("1", "work", "{}"));
  client.send(modern("subscriptions/listen", R"(,"notifications":{"toolsListChanged":true})"));
  CHECK(client.connection->in_flight() == 2);
  client.connection->end_input();
  CHECK(client.connection->in_flight() == 0);
  CHECK(error_code(client.ask(call_text("2", "work", "{}"))) == -32005);  // nobody would answer
}

TEST_CASE("exchange: a question that is not answered in time ends the call") {
  mcp::ServerLimits limits;
  limits.input_lifetime = std::chrono::seconds(0);
  Client client(one_tool(ask_twice), limits);
  initialize(client, R"({"elicitation":{}})");
  client.send(call_text("1", "work", "{}"));
  client.send(call_text("2", "work", "{}"));  // looks after the one before
  CHECK(client.connection->in_flight() == 1);
  const auto answered = std::ranges::find_if(client.replies, [](const std::string& reply) {
    return reply.find("no answer in time") != std::string::npos;
  });
  REQUIRE(answered != client.replies.end());
  CHECK(Json::parse(*answered)["id"] == 1);
}

namespace {

// Asks, and goes on without an answer.
Answered<ToolResult> ask_if_possible(const ToolCall&, const Exchange& exchange) {
  if (exchange.is_unanswered("q")) return ToolResult{.text = "nobody answered"};
  if (exchange.input("q") != nullptr) return ToolResult{.text = "answered"};
  auto question = mcp::elicitation("q", "?", Json::parse(kForm));
  question.is_optional = true;
  return InputRequired{{question}, std::nullopt};
}

std::size_t count_of(const Client& client, const std::string& part) {
  return static_cast<std::size_t>(std::ranges::count_if(
      client.replies, [&](const std::string& reply) { return reply.find(part) != reply.npos; }));
}

}  // namespace

TEST_CASE("exchange: a call goes on without the answer to an optional question") {
  mcp::ServerLimits limits;
  limits.input_lifetime = std::chrono::seconds(1'000);
  const auto server = test_server(limits);
  Client client(server, one_tool(ask_if_possible));
  initialize(client, R"({"elicitation":{}})");
  const auto ask = [&](const char* id) {
    client.send(call_text(id, "work", "{}"));
    return Json::parse(client.replies.back())["id"].dump();
  };
  client.send(R"({"jsonrpc":"2.0","id":)" + ask("1") +
              R"(,"error":{"code":-32601,"message":"no such method"}})");
  CHECK(text_of(Json::parse(client.replies.back())) == "nobody answered");
  client.send(R"({"jsonrpc":"2.0","id":)" + ask("2") + R"(,"result":"what?"})");
  CHECK(text_of(Json::parse(client.replies.back())) == "nobody answered");
  CHECK(count_of(client, "notifications/cancelled") == 0);
  const std::string late = ask("3");
  server->questions->give_up(mcp::Session::Clock::now() - std::chrono::seconds(1'000));
  CHECK(client.connection->in_flight() == 1);
  server->questions->give_up(mcp::Session::Clock::now());
  CHECK(text_of(Json::parse(client.replies.back())) == "nobody answered");
  CHECK(count_of(client, R"("notifications/cancelled","params":{"requestId":)" + late) == 1);
  ask("4");
  client.connection->end_input();
  CHECK(text_of(Json::parse(client.replies.back())) == "nobody answered");
  CHECK(client.connection->in_flight() == 0);
}

TEST_CASE("exchange: a client that goes leaves a question open, one that cancels does not") {
  int unanswered = 0;
  Client client(one_tool([&](const ToolCall& call, const Exchange& exchange) {
    if (exchange.is_unanswered("q")) ++unanswered;
    return ask_if_possible(call, exchange);
  }));
  initialize(client, R"({"elicitation":{}})");
  client.send(call_text("1", "work", "{}"));
  const std::string id = Json::parse(client.replies.back())["id"].dump();
  client.send(R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}})");
  CHECK(unanswered == 0);
  CHECK(client.connection->in_flight() == 0);
  // Its question is closed at the client too.
  CHECK(count_of(client, R"("notifications/cancelled","params":{"requestId":)" + id) == 1);
  client.send(call_text("2", "work", "{}"));
  client.connection.reset();
  CHECK(unanswered == 1);
}

TEST_CASE("exchange: a client that opens addresses only is not asked to fill in a form") {
  Client client(one_tool(ask_twice));
  initialize(client, R"({"elicitation":{"url":{}}})");
  CHECK(error_code(client.ask(call_text("1", "work", "{}"))) == -32021);
}

TEST_CASE("exchange: a call that asks for ever is ended") {
  mcp::ServerLimits limits;
  limits.input_rounds_max = 3;
  Client client(one_tool([](const ToolCall&, const Exchange&) -> Answered<ToolResult> {
                  return InputRequired{{}, "again"};
                }),
                limits);
  initialize(client, "{}");
  CHECK(error_code(client.ask(call_text("1", "work", "{}"))) == -32603);
}

TEST_CASE("exchange: a client that cannot be asked is told what it would need") {
  Client client(one_tool(ask_twice));
  const Json modern_answer = client.ask(modern_call("", "{}"));
  CHECK(error_code(modern_answer) == -32021);
  CHECK(modern_answer["error"]["data"]["requiredCapabilities"].contains("elicitation"));
  initialize(client, "{}");
  CHECK(error_code(client.ask(call_text("1", "work", "{}"))) == -32021);
}

TEST_CASE("exchange: progress and logs come before the answer, where they are wanted") {
  const Handler telling = [](const ToolCall&, const Exchange& exchange) {
    exchange.progress(1, 2, "half");
    exchange.log(mcp::LogLevel::Debug, "test", Json("fine"));
    exchange.log(mcp::LogLevel::Warning, "test", Json("hm"));
    return ToolResult{.text = "done"};
  };
  Client client(one_tool(telling));
  initialize(client, "{}");
  const auto said = [&](const std::string& message) {
    const auto before = client.replies.size();
    client.send(message);
    std::vector<std::string> methods;
    for (auto at = before; at < client.replies.size(); ++at) {
      const Json reply = Json::parse(client.replies[at]);
      methods.push_back(reply.contains("method") ? reply["method"].get<std::string>() : "answer");
    }
    return methods;
  };
  using List = std::vector<std::string>;
  const std::string call = call_text("1", "work", "{}");
  CHECK(said(call) == List{"notifications/message", "answer"});
  std::string with_token = call;
  with_token.insert(with_token.rfind("}}"), R"(,"_meta":{"progressToken":"p"})");
  CHECK(said(with_token) == List{"notifications/progress", "notifications/message", "answer"});
  said(R"({"jsonrpc":"2.0","id":9,"method":"logging/setLevel","params":{"level":"debug"}})");
  CHECK(said(call) == List{"notifications/message", "notifications/message", "answer"});
  CHECK(error_code(client.ask(
            R"({"jsonrpc":"2.0","id":9,"method":"logging/setLevel","params":{"level":"loud"}})")) ==
        -32602);
  CHECK(said(modern_call()) == List{"answer"});
  CHECK(said(modern("tools/call", R"(,"name":"work")", "{}",
                    R"(,"io.modelcontextprotocol/logLevel":"warning")")) ==
        List{"notifications/message", "answer"});
}

TEST_CASE("exchange: what is said after the answer is dropped") {
  std::optional<Exchange> kept;
  Client client(one_tool([&](const ToolCall&, const Exchange& exchange) {
    kept = exchange;
    return ToolResult{.text = "done"};
  }));
  initialize(client, "{}");
  client.ask(call_text("1", "work", "{}"));
  const auto before = client.replies.size();
  kept->log(mcp::LogLevel::Error, "", Json("late"));
  CHECK(client.replies.size() == before);
}

TEST_CASE("exchange: a handler hears that its call is cancelled") {
  int cancelled = 0;
  Client client(one_tool([&](const ToolCall&, const Exchange& exchange) -> Answered<ToolResult> {
    exchange.on_cancel([&] { ++cancelled; });
    return InputRequired{{mcp::elicitation("q", "?", Json::parse(kForm))}, std::nullopt};
  }));
  initialize(client, R"({"elicitation":{}})");
  client.send(call_text("1", "work", "{}"));
  client.send(R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}})");
  CHECK(cancelled == 1);
  client.send(call_text("2", "work", "{}"));
  client.connection.reset();
  CHECK(cancelled == 2);
}

namespace {

struct TaskClient : Client {
  explicit TaskClient(std::shared_ptr<mcp::Provider> provider)
      : TaskClient(server_with_tasks(), std::move(provider)) {}
  TaskClient(const std::shared_ptr<mcp::Server>& server, std::shared_ptr<mcp::Provider> provider)
      : Client(server, std::move(provider)), tasks(server->tasks) {}
  ~TaskClient() { tasks->end(); }
  std::shared_ptr<mcp::Tasks> tasks;
  static std::shared_ptr<mcp::Server> server_with_tasks() {
    auto server = test_server();
    server->tasks = std::make_shared<mcp::Tasks>(mcp::TaskLimits{}, server->secrets.random_name,
                                                 server->changes);
    return server;
  }
  Json task(const char* method, const std::string& id, const std::string& more = "") {
    return ask(modern(method, R"(,"taskId":")" + id + '"' + more, kTasks));
  }
};

}  // namespace

TEST_CASE("tasks: a call goes on after its handle, asks, and is picked up") {
  const Handler asking = [](const ToolCall&, const Exchange& exchange) -> Answered<ToolResult> {
    exchange.continue_as_task();
    const Json* a = exchange.input("a");
    const Json* b = exchange.input("b");
    if (a != nullptr && b != nullptr) return ToolResult{.text = "both"};
    return InputRequired{{{"a", "sampling/createMessage", Json::object()},
                          {"b", "sampling/createMessage", Json::object()}},
                         "kept"};
  };
  TaskClient client(one_tool(asking, mcp::TaskSupport::Optional));
  const std::string both = R"({"sampling":{},"extensions":{"io.modelcontextprotocol/tasks":{}}})";
  const Json handle = client.ask(modern_call("", both))["result"];
  CHECK(handle["resultType"] == "task");
  const auto id = handle["taskId"].get<std::string>();
  Json task = client.task("tasks/get", id)["result"];
  CHECK(task["status"] == "input_required");
  CHECK(task["inputRequests"].size() == 2);
  CHECK_FALSE(task.contains("requestState"));
  client.task("tasks/update", id, R"(,"inputResponses":{"a":{"x":1},"zzz":{}})");
  task = client.task("tasks/get", id)["result"];
  CHECK(task["status"] == "input_required");
  CHECK(task["inputRequests"].size() == 1);
  CHECK(client.task("tasks/update", id, R"(,"inputResponses":{"b":{}})")["result"]["resultType"] ==
        "complete");
  task = client.task("tasks/get", id)["result"];
  CHECK(task["status"] == "completed");
  CHECK(task["result"]["content"][0]["text"] == "both");
  // The same without tasks: the call itself asks.
  CHECK(client.ask(modern_call("", R"({"sampling":{}})"))["result"]["resultType"] ==
        "input_required");
}

TEST_CASE("tasks: belong to their client, and to clients that know tasks") {
  const Handler endless = [](const ToolCall&, const Exchange& exchange) -> Answered<ToolResult> {
    exchange.continue_as_task();
    return InputRequired{{{"a", "roots/list", Json::object()}}, std::nullopt};
  };
  const auto server = TaskClient::server_with_tasks();
  const auto provider = one_tool(endless, mcp::TaskSupport::Required);
  TaskClient client(server, provider);
  const Json refused = client.ask(modern_call("", "{}"));
  CHECK(error_code(refused) == -32021);
  CHECK(refused["error"]["data"]["requiredCapabilities"]["extensions"].size() == 1);
  const auto id = client
                      .ask(modern_call("", R"({"roots":{},"extensions":{
      "io.modelcontextprotocol/tasks":{}}})"))["result"]["taskId"]
                      .get<std::string>();
  CHECK(error_code(client.ask(modern("tasks/get", R"(,"taskId":")" + id + '"', "{}"))) == -32021);
  CHECK(error_code(client.task("tasks/get", "nothing")) == -32602);
  CHECK(error_code(client.task("tasks/list", id)) == -32601);
  std::vector<std::string> replies;
  mcp::Connection stranger(
      server, provider, [&](std::string text) { replies.push_back(std::move(text)); },
      "somebody else");
  stranger.handle(modern("tasks/get", R"(,"taskId":")" + id + '"', kTasks));
  CHECK(error_code(Json::parse(replies.at(0))) == -32602);
  for (int i = 0; i < 2; ++i) {
    CHECK(client.task("tasks/cancel", id)["result"]["resultType"] == "complete");
  }
  CHECK(client.task("tasks/get", id)["result"]["status"] == "cancelled");
}

TEST_CASE("tasks: a fault of the protocol is a failed task") {
  TaskClient client(one_tool(
      [](const ToolCall&, const Exchange& exchange) -> Answered<ToolResult> {
        exchange.continue_as_task();
        return mcp::jsonrpc::Fault{mcp::jsonrpc::Code::InternalError, "broke", {}};
      },
      mcp::TaskSupport::Optional));
  const auto id = client.ask(modern_call("", kTasks))["result"]["taskId"].get<std::string>();
  const Json task = client.task("tasks/get", id)["result"];
  CHECK(task["status"] == "failed");
  CHECK(task["error"]["message"] == "broke");
}

TEST_CASE("changes: both eras hear of what they asked to hear of") {
  const auto server = test_server();
  const auto catalog = one_tool([](const ToolCall&, const Exchange&) { return ToolResult{}; });
  catalog->add(mcp::Resource{"test://a", "a", "", "", ""},
               [](const std::string&, const std::string&, const Exchange&,
                  const Catalog::Done<mcp::Provider::Contents>& done) { done(std::nullopt); });
  Client legacy(server, catalog);
  initialize(legacy, "{}");
  const auto subscribe = [&](const char* method, const char* uri) {
    return legacy.ask(R"({"jsonrpc":"2.0","id":1,"method":"resources/)" + std::string(method) +
                      R"(","params":{"uri":")" + uri + "\"}}");
  };
  CHECK(subscribe("subscribe", "test://a").contains("result"));
  CHECK(error_code(subscribe("subscribe", "test://b")) == -32002);
  Client client(server, catalog);
  client.send(modern("subscriptions/listen",
                     R"(,"notifications":{"toolsListChanged":true,)"
                     R"("resourceSubscriptions":["test://a","test://b"]})"));
  const Json first = Json::parse(client.replies.at(0));
  CHECK(first["method"] == "notifications/subscriptions/acknowledged");
  CHECK(first["params"]["notifications"]["resourceSubscriptions"] == Json::array({"test://a"}));
  CHECK(first["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"] == 7);
  const auto told = [&](mcp::Change change) {
    const auto old = legacy.replies.size();
    const auto young = client.replies.size();
    server->changes->tell(change);
    return std::pair(legacy.replies.size() - old, client.replies.size() - young);
  };
  using Counts = std::pair<std::size_t, std::size_t>;
  CHECK(told({mcp::Change::Of::Tools, {}, {}}) == Counts(1, 1));
  CHECK(told({mcp::Change::Of::Prompts, {}, {}}) == Counts(1, 0));
  CHECK(told({mcp::Change::Of::Resource, "test://a", {}}) == Counts(1, 1));
  CHECK(told({mcp::Change::Of::Resource, "test://c", {}}) == Counts(0, 0));
  subscribe("unsubscribe", "test://a");
  client.send(R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7}})");
  CHECK(told({mcp::Change::Of::Resource, "test://a", {}}) == Counts(0, 0));
  CHECK(client.connection->in_flight() == 0);
}

TEST_CASE("middleware: sees each request in its order, and may answer it") {
  const auto server = test_server();
  std::string seen;
  server->middleware = {[&](mcp::RequestPtr request, mcp::Answer answer, const mcp::Next& next) {
                          seen += "a";
                          next(std::move(request), [&seen, answer](mcp::jsonrpc::Outcome outcome) {
                            seen += "A";
                            answer(std::move(outcome));
                          });
                        },
                        [&](mcp::RequestPtr request, mcp::Answer answer, const mcp::Next& next) {
                          seen += "b";
                          if (request->method == "ping")
                            return answer(std::string(R"({"own":true})"));
                          next(std::move(request), std::move(answer));
                        }};
  Client client(server, std::make_shared<DirectProvider>());
  client.initialize("2025-11-25");
  CHECK(client.ask(R"({"jsonrpc":"2.0","id":1,"method":"ping"})")["result"]["own"] == true);
  CHECK(seen == "abA");
  client.ask(call_text("2"));
  CHECK(seen == "abAabA");
}

TEST_CASE("pages: a long list comes in parts, and a cursor of nobody is refused") {
  mcp::ServerLimits limits;
  limits.page_items_max = 2;
  const auto catalog = one_tool([](const ToolCall&, const Exchange&) { return ToolResult{}; });
  for (int i = 0; i < 5; ++i) {
    catalog->add(mcp::Prompt{"p" + std::to_string(i), "", "", {}},
                 [](const mcp::PromptCall&, const Exchange&,
                    const Catalog::Done<mcp::PromptResult>& done) { done(mcp::PromptResult{}); });
  }
  Client client(catalog, limits);
  client.initialize("2025-11-25");
  std::string names;
  std::string params = "{}";
  for (int pages = 1;; ++pages) {
    const Json result = client.ask(R"({"jsonrpc":"2.0","id":1,"method":"prompts/list","params":)" +
                                   params + "}")["result"];
    for (const Json& prompt : result["prompts"]) names += prompt["name"].get<std::string>();
    if (!result.contains("nextCursor")) {
      CHECK(pages == 3);
      break;
    }
    params = R"({"cursor":)" + result["nextCursor"].dump() + "}";
  }
  CHECK(names == "p0p1p2p3p4");
  for (const char* cursor : {"\"x\"", "5", "\"-1\"", "\"\""}) {
    CHECK(error_code(
              client.ask(R"({"jsonrpc":"2.0","id":1,"method":"prompts/list","params":{"cursor":)" +
                         std::string(cursor) + "}}")) == -32602);
  }
}
