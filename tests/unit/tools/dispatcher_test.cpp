#include "tools/dispatcher.hpp"

#include <catch2/catch.hpp>
#include <latch>

#include "tests/unit/tools/desk.hpp"

using namespace segmentflow;
using describe::Json;
using test::code;
using test::Desk;

TEST_CASE("dispatcher: nobody without a key has anything parsed") {
  Desk desk;
  bool parsed = false;
  const auto maker = [&]() -> Result<Json> {
    parsed = true;
    return Json::object();
  };
  const std::string unknown = std::string(kApiKeyPrefix) + std::string(43, 'x');
  for (const std::string& secret : {std::string(), std::string("nonsense"), unknown}) {
    CHECK(code(desk.call_making("emails.send", secret, maker)) == "Unauthorized");
  }
  CHECK(code(desk.call_making("emails.send", desk.secret_of_reader, maker)) == "InsufficientScope");
  CHECK_FALSE(parsed);
  CHECK(desk.dispatcher.in_flight() == 0);
}

TEST_CASE("dispatcher: the scope that is missing is named") {
  Desk desk;
  for (const auto& operation : desk.registry.operations()) {
    INFO(operation.info.id);
    const std::string other = desk.make({"segments:read"});
    const auto answer = desk.call(operation.info.id, other, Json::object());
    if (operation.info.scope.empty()) {
      CHECK(code(answer) == "ok");
    } else {
      REQUIRE(code(answer) == "InsufficientScope");
      CHECK(answer.error().required_scopes ==
            std::vector<std::string>{std::string(operation.info.scope)});
    }
  }
}

TEST_CASE("dispatcher: sending, repeating, reading back") {
  Desk desk;
  const auto sent = desk.call("emails.send", desk.secret_of_writer, desk.send_input("k"));
  REQUIRE(code(sent) == "ok");
  CHECK(sent->body().at("status") == "Queued");
  CHECK(sent->headers().empty());
  const auto again = desk.call("emails.send", desk.secret_of_writer, desk.send_input("k"));
  REQUIRE(code(again) == "ok");
  CHECK(again->body().at("id") == sent->body().at("id"));
  CHECK(again->headers() ==
        std::vector<std::pair<std::string, std::string>>{{"Idempotent-Replayed", "true"}});
  const auto read =
      desk.call("emails.retrieve", desk.secret_of_reader, {{"id", sent->body().at("id")}});
  REQUIRE(code(read) == "ok");
  CHECK(describe::dump_json(read->body()) == describe::dump_json(sent->body()));
  CHECK(code(desk.call("emails.retrieve", desk.secret_of_reader,
                       {{"id", desk.ids.next().to_string()}})) == "NotFound");
}

TEST_CASE("dispatcher: input that breaks its description is refused by path") {
  Desk desk;
  Json input = desk.send_input("k");
  input["too"] = input["to"];
  input.erase("to");
  const auto refused = desk.call("emails.send", desk.secret_of_writer, input);
  REQUIRE(code(refused) == "ValidationFailed");
  CHECK(refused.error().problems.at(0).path == "/too");
  input = desk.send_input("k");
  input.erase("idempotencyKey");
  CHECK(code(desk.call("emails.send", desk.secret_of_writer, input)) == "IdempotencyKeyRequired");
  input = desk.send_input("k");
  input["from"] = "a@b.co\r\nBcc: x@y.z";
  CHECK(code(desk.call("emails.send", desk.secret_of_writer, input)) == "ValidationFailed");
  CHECK(desk.number("SELECT count(*) FROM email_sends") == 0);
}

TEST_CASE("dispatcher: a batch answers its items in order, whatever some of them are") {
  Desk desk;
  Json input = {{"items", Json::array()}};
  input["defaults"]["templateKey"] = "receipt";
  input["items"].push_back(desk.send_input("a"));
  input["items"].push_back(7);
  input["items"].push_back({{"idempotencyKey", "b"}});
  input["items"].push_back(desk.send_input("a"));
  Json unknown = desk.send_input("c");
  unknown["templateKey"] = "none";
  input["items"].push_back(unknown);
  const auto answer = desk.call("emails.batchSend", desk.secret_of_writer, input);
  REQUIRE(code(answer) == "ok");
  const Json body = answer->body();
  CHECK(body.at("total") == 5);
  CHECK(body.at("accepted") == 2);
  CHECK(body.at("rejected") == 3);
  std::string statuses;
  for (std::size_t i = 0; i < 5; ++i) {
    const Json& item = body.at("items").at(i);
    CHECK(item.at("index") == i);
    statuses += item.at("status").get<std::string>().substr(0, 1);
  }
  CHECK(statuses == "ARRAR");
  CHECK(body["items"][1]["idempotencyKey"].is_null());
  CHECK(body["items"][2]["error"]["details"][0]["path"] == "/items/2/to");
  CHECK(body["items"][3]["send"]["id"] == body["items"][0]["send"]["id"]);
  CHECK(body["items"][4]["error"]["details"][0]["path"] == "/items/4/templateKey");
}

TEST_CASE("dispatcher: calls in flight are bounded and counted back") {
  Desk desk(2);
  // Holds the only reader thread, so that two calls stay in flight.
  std::latch release(1);
  REQUIRE(desk.readers.post([&] { release.wait(); }));
  std::atomic<int> answered = 0;
  const auto& status = *desk.registry.find_by_id("status");
  const auto empty = []() -> Result<Json> { return Json::object(); };
  for (int i = 0; i < 2; ++i) {
    desk.dispatcher.call(status, desk.secret_of_reader, {"rest", ""}, empty,
                         [&](Result<Answer> answer) {
                           if (answer) ++answered;
                         });
  }
  CHECK(desk.dispatcher.in_flight() == 2);
  CHECK(code(desk.call("status", desk.secret_of_reader, Json::object())) == "RateLimited");
  CHECK(desk.dispatcher.in_flight() == 2);
  release.count_down();
  while (answered < 2) std::this_thread::yield();
  CHECK(desk.dispatcher.in_flight() == 0);
  CHECK(code(desk.call("status", desk.secret_of_reader, Json::object())) == "ok");
}

TEST_CASE("dispatcher: a defect becomes an internal error that tells nothing") {
  Desk desk;
  const auto answer = desk.call_making("status", desk.secret_of_reader, []() -> Result<Json> {
    throw std::runtime_error("secret words");
  });
  REQUIRE(code(answer) == "Internal");
  CHECK(answer.error().message.find("secret words") == std::string::npos);
  CHECK(desk.dispatcher.in_flight() == 0);
}
