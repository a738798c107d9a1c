// Calls in flight: ids, cancellation, batches, limits, many threads.
#include <algorithm>
#include <catch2/catch.hpp>
#include <future>
#include <random>
#include <set>
#include <thread>

#include "tests/unit/mcp/conversation.hpp"

using namespace mcp_test;

namespace {

std::string cancel_text(std::string_view id) {
  return R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":)" +
         std::string(id) + "}}";
}

}  // namespace

TEST_CASE("ids are echoed with their exact type") {
  Client client(std::make_shared<DirectProvider>());
  client.initialize("2025-11-25");
  for (const char* id :
       {"0", "-1", "7", "\"7\"", "\"\"", "9007199254740993", "9223372036854775807",
        "-9223372036854775808", "18446744073709551615", R"("a\"b\\c")", R"("ü\n")"}) {
    CAPTURE(id);
    for (const std::string& text :
         {call_text(id), R"({"jsonrpc":"2.0","id":)" + std::string(id) + R"(,"method":"ping"})"}) {
      const Json answer = client.ask(text);
      CHECK(answer.contains("result"));
      CHECK(answer["id"].dump() == Json::parse(id).dump());
    }
  }
  CHECK(error_code(client.ask(call_text('"' + std::string(1025, 'x') + '"'))) == -32600);
}

TEST_CASE("an id in flight is refused, the number and the string of it are two ids") {
  auto provider = std::make_shared<HoldingProvider>();
  Client client(provider);
  client.initialize("2025-11-25");
  CHECK(client.ask(call_text("1")).is_null());
  CHECK(client.ask(call_text("\"1\"")).is_null());
  const Json refused = client.ask(call_text("1"));
  CHECK(error_code(refused) == -32600);
  CHECK(refused["id"] == 1);
  CHECK(client.connection->in_flight() == 2);
  for (auto& held : provider->take(2)) held.answer();
  CHECK(client.connection->in_flight() == 0);
  CHECK(client.ask(call_text("1")).is_null());  // free again
  provider->take(1)[0].answer();
  CHECK(client.replies.size() == 5);
}

TEST_CASE("a cancelled call is not answered, and its neighbours are") {
  auto provider = std::make_shared<HoldingProvider>();
  Client client(provider);
  client.initialize("2025-11-25");
  for (const char* id : {"1", "2", "\"2\""}) client.send(call_text(id));
  client.replies.clear();
  client.send(cancel_text("2"));
  CHECK(client.connection->in_flight() == 3);  // its handler still runs
  for (auto& held : provider->take(3)) held.answer();
  REQUIRE(client.replies.size() == 2);
  CHECK(Json::parse(client.replies[0])["id"] == 1);
  CHECK(Json::parse(client.replies[1])["id"] == "2");
  CHECK(client.connection->in_flight() == 0);
  client.send(cancel_text("1"));  // too late: ignored
  client.send(call_text("1"));
  provider->take(1)[0].answer();
  CHECK(client.replies.size() == 3);
}

TEST_CASE("calls beyond the limit are refused, cancelled ones count until they end") {
  auto provider = std::make_shared<HoldingProvider>();
  mcp::ServerLimits limits;
  limits.calls_in_flight_max = 2;
  Client client(provider, limits);
  client.initialize("2025-11-25");
  client.send(call_text("1"));
  client.send(call_text("2"));
  client.send(cancel_text("2"));
  const Json refused = client.ask(call_text("3"));
  CHECK(error_code(refused) == -32005);
  CHECK(refused["id"] == 3);
  CHECK(client.ask(R"({"jsonrpc":"2.0","id":4,"method":"ping"})").contains("result"));
  for (auto& held : provider->take(2)) held.answer();
  CHECK(client.ask(call_text("3")).is_null());
  CHECK(provider->take(1).size() == 1);
}

TEST_CASE("a call that its provider forgets or answers twice is answered once") {
  auto provider = std::make_shared<HoldingProvider>();
  Client client(provider);
  client.initialize("2025-11-25");
  client.send(call_text("1"));
  client.replies.clear();
  provider->take(1);  // dropped here
  REQUIRE(client.replies.size() == 1);
  CHECK(error_code(Json::parse(client.replies[0])) == -32603);
  client.send(call_text("2"));
  auto held = provider->take(1);
  held[0].answer();
  held[0].answer();
  held.clear();
  CHECK(client.replies.size() == 2);
  CHECK(client.connection->in_flight() == 0);
}

TEST_CASE("nothing is replied after the connection is gone") {
  auto provider = std::make_shared<HoldingProvider>();
  Client client(provider);
  client.initialize("2025-11-25");
  client.send(call_text("1"));
  const auto before = client.replies.size();
  client.connection.reset();
  provider->take(1)[0].answer();
  CHECK(client.replies.size() == before);
}

TEST_CASE("when_idle calls at once or after the last call") {
  auto provider = std::make_shared<HoldingProvider>();
  Client client(provider);
  client.initialize("2025-11-25");
  int called = 0;
  client.connection->when_idle([&] { ++called; });
  CHECK(called == 1);
  client.send(call_text("1"));
  client.send(call_text("2"));
  client.connection->when_idle([&] { ++called; });
  auto held = provider->take(2);
  held[1].answer();
  CHECK(called == 1);
  held[0].answer();
  CHECK(called == 2);
}

TEST_CASE("a batch is answered as one array under 2025-03-26") {
  auto provider = std::make_shared<HoldingProvider>();
  Client client(provider);
  client.initialize("2025-03-26");
  CHECK(client
            .ask("[" + call_text("1") + R"(,{"jsonrpc":"2.0","method":"notifications/x"},)" +
                 R"({"jsonrpc":"2.0","id":2,"method":"ping"},17,)" + call_text("3") + "," +
                 R"({"jsonrpc":"2.0","id":4,"method":"initialize","params":{}}])")
            .is_null());
  auto held = provider->take(2);
  const auto before = client.replies.size();
  held[1].answer();
  CHECK(client.replies.size() == before);
  held[0].answer();
  REQUIRE(client.replies.size() == before + 1);
  const Json answers = Json::parse(client.replies.back());
  REQUIRE(answers.size() == 5);
  CHECK(answers[0]["id"] == 1);
  CHECK(answers[1]["result"] == Json::object());
  CHECK(error_code(answers[2]) == -32600);
  CHECK(answers[3]["id"] == 3);
  CHECK(error_code(answers[4]) == -32600);
}

TEST_CASE("batches: only notifications, cancelled members, empty, too many") {
  auto provider = std::make_shared<HoldingProvider>();
  mcp::ServerLimits limits;
  limits.batch_messages_max = 2;
  Client client(provider, limits);
  client.initialize("2025-03-26");
  CHECK(client.ask(R"([{"jsonrpc":"2.0","method":"notifications/x"}])").is_null());
  CHECK(error_code(client.ask("[]")) == -32600);
  CHECK(error_code(client.ask("[1,2,3]")) == -32600);
  CHECK(client.ask("[1,2]").size() == 2);
  client.send("[" + call_text("1") + "," + call_text("2") + "]");
  client.replies.clear();
  client.send(cancel_text("1"));
  for (auto& held : provider->take(2)) held.answer();
  REQUIRE(client.replies.size() == 1);
  CHECK(Json::parse(client.replies[0]).size() == 1);
  client.send("[" + call_text("1") + "]");
  client.send(cancel_text("1"));
  provider->take(1)[0].answer();
  CHECK(client.replies.size() == 1);  // an empty array is never sent
}

TEST_CASE("64 calls answered out of order from threads each get their own answer") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  auto provider = std::make_shared<HoldingProvider>();
  Client client(provider);
  client.initialize("2025-11-25");
  client.replies.clear();
  for (int i = 0; i < 64; ++i) {
    client.send(call_text(std::to_string(i), "echo_text", R"({"n":)" + std::to_string(i) + "}"));
  }
  auto held = provider->take(64);
  std::shuffle(held.begin(), held.end(), std::mt19937(seed));
  std::promise<void> idle;
  client.connection->when_idle([&] { idle.set_value(); });
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < 8; ++t) {
    threads.emplace_back([&held, t] {
      for (std::size_t i = t; i < held.size(); i += 8) held[i].answer();
    });
  }
  idle.get_future().wait();
  for (auto& thread : threads) thread.join();
  std::set<int> seen;
  for (const std::string& text : client.replies) {
    const Json answer = Json::parse(text);
    CHECK(answer["result"]["structuredContent"]["n"] == answer["id"]);
    seen.insert(answer["id"].get<int>());
  }
  CHECK(client.replies.size() == 64);
  CHECK(seen.size() == 64);
}

TEST_CASE("two connections with the same ids do not mix") {
  auto provider = std::make_shared<HoldingProvider>();
  Client one(provider);
  Client two(provider);
  one.initialize("2025-11-25");
  two.initialize("2024-11-05");
  one.send(call_text("1", "echo_text", R"({"who":"one"})"));
  two.send(call_text("1", "echo_text", R"({"who":"two"})"));
  two.send(cancel_text("5"));
  auto held = provider->take(2);
  held[1].answer();
  held[0].answer();
  CHECK_THAT(one.replies.back(), Catch::Contains("one") && !Catch::Contains("two"));
  CHECK_THAT(two.replies.back(), Catch::Contains("two") && !Catch::Contains("one"));
}
