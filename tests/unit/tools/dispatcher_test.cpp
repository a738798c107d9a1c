#include "tools/dispatcher.hpp"

#include <fmt/format.h>

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
  Json first = sent->body();
  CHECK(first.at("missingPaths") == Json({"/data/orderId", "/profile/firstName"}));
  first.erase("missingPaths");
  CHECK(describe::dump_json(read->body()) == describe::dump_json(first));
  CHECK(code(desk.call("emails.retrieve", desk.secret_of_reader,
                       {{"id", desk.ids.next().to_string()}})) == "NotFound");
}

TEST_CASE("dispatcher: ids are completed for the organisation that may read them") {
  Desk desk;
  const auto sent = desk.call("emails.send", desk.secret_of_writer, desk.send_input("k"));
  const auto id = sent.value().body().at("id").get<std::string>();
  const std::string foreign = desk.write([&](Transaction& tx) {
    const auto other = ensure_organization(tx, desk.ids, "B");
    return create_api_key(tx, desk.ids, desk.entropy, other, "k", {"emails:read"}, false).secret;
  });
  const auto completed = [&](const std::string& with) {
    std::promise<std::vector<Uuid>> promise;
    desk.dispatcher.complete(*desk.registry.find_by_id("emails.retrieve"), with, id.substr(0, 8),
                             [&](std::vector<Uuid> ids) { promise.set_value(std::move(ids)); });
    return promise.get_future().get();
  };
  REQUIRE(completed(desk.secret_of_reader).size() == 1);
  CHECK(completed(desk.secret_of_reader)[0].to_string() == id);
  CHECK(completed(foreign).empty());
  CHECK(completed(desk.secret_of_writer).empty());
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

TEST_CASE("dispatcher: large input is not read by the thread that brings it") {
  Desk desk;
  REQUIRE(desk.call("status", desk.secret_of_writer, Json::object()));  // the key is known now
  const auto reader_of = [&](std::size_t input_bytes) {
    std::thread::id reader;
    std::promise<void> done;
    CallSource source{"rest", ""};
    source.input_bytes = input_bytes;
    const auto make_input = [&]() -> Result<Json> {
      reader = std::this_thread::get_id();
      return desk.send_input("k");
    };
    desk.dispatcher.call(*desk.registry.find_by_id("emails.send"), desk.secret_of_writer, source,
                         make_input, [&](const Result<Answer>&) { done.set_value(); });
    done.get_future().wait();
    return reader;
  };
  CHECK(reader_of(kQuickInputBytes) == std::this_thread::get_id());
  CHECK(reader_of(kQuickInputBytes + 1) != std::this_thread::get_id());
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

TEST_CASE("dispatcher: a key with a guard-rail of a later version is refused, and the call ends") {
  Desk desk;
  for (const char* later :
       {R"({"recipients":[],"templates":[],"askFirst":"committee","askAbove":0})",
        R"({"recipients":[],"templates":[],"askFirst":"never","askAbove":0,"weekdaysOnly":true})",
        R"({"recipients":[],"templates":[],"askAbove":0})",
        R"({"recipients":"all","templates":[],"askFirst":"never","askAbove":0})", "[]"}) {
    INFO(later);
    desk.write([&](Transaction& tx) {
      tx.query("UPDATE api_keys SET guards = $1", {later});
      return true;
    });
    desk.clock.advance(kMicrosPerSecond);  // past what is remembered
    const auto answer = desk.call("emails.send", desk.secret_of_writer, desk.send_input("k"));
    REQUIRE(code(answer) == "NotReady");
    CHECK(answer.error().message.find("guard-rail that this version") != std::string::npos);
    CHECK(desk.dispatcher.in_flight() == 0);
  }
  CHECK(desk.write([](Transaction& tx) { return list_api_keys(tx).size(); }) > 0);
  CHECK(desk.number("SELECT count(*) FROM email_sends") == 0);
}

TEST_CASE("dispatcher: a key that cannot be looked up ends the call") {
  Desk desk;
  desk.write([](Transaction& tx) {
    tx.query("ALTER TABLE api_keys RENAME TO keys_of_another_version");
    return true;
  });
  for (int i = 0; i < 3; ++i) {
    const auto answer = desk.call("status", desk.secret_of_reader, Json::object());
    CHECK((code(answer) == "Internal" || code(answer) == "NotReady"));
  }
  CHECK(desk.dispatcher.in_flight() == 0);
}

TEST_CASE("dispatcher: a call that is lost on its way ends as an internal error") {
  Desk desk;
  Operation lost = *desk.registry.find_by_id("status");
  const auto answer_of_lost = [&] {
    std::promise<Result<Answer>> promise;
    desk.dispatcher.call(
        lost, desk.secret_of_reader, {"rest", ""}, []() -> Result<Json> { return Json::object(); },
        [&](Result<Answer> given) { promise.set_value(std::move(given)); });
    return promise.get_future().get();
  };
  lost.invoke = [](const Engine&, const KeyPtr&, const Json&, const CallOptions&,
                   const AnswerDone&) {};
  CHECK(code(answer_of_lost()) == "Internal");
  lost.invoke = [](const Engine& engine, const KeyPtr&, const Json&, const CallOptions&,
                   AnswerDone done) {
    REQUIRE(engine.readers.post([done] { throw std::runtime_error("on a reader"); }));
  };
  CHECK(code(answer_of_lost()) == "Internal");
  lost.invoke = [](const Engine& engine, const KeyPtr&, const Json&, const CallOptions&,
                   AnswerDone done) {
    engine.committer.submit(
        [](Transaction&) -> Result<void> { return {}; },
        [done](const Result<void>&) { throw std::runtime_error("in an answer"); });
  };
  CHECK(code(answer_of_lost()) == "Internal");
  CHECK(desk.dispatcher.in_flight() == 0);
}

TEST_CASE("dispatcher: look-ups of unknown keys leave room for known ones") {
  Desk desk;
  REQUIRE(code(desk.call("status", desk.secret_of_reader, Json::object())) == "ok");
  desk.clock.advance(kMicrosPerSecond);  // past what is remembered
  std::latch release(1);
  REQUIRE(desk.readers.post([&] { release.wait(); }));
  const auto& status = *desk.registry.find_by_id("status");
  const auto empty = []() -> Result<Json> { return Json::object(); };
  std::atomic<int> answered = 0;
  std::atomic<int> limited = 0;
  constexpr int kStrangers = 60;
  for (int i = 0; i < kStrangers; ++i) {
    const std::string unknown = fmt::format("{}{:043}", kApiKeyPrefix, i);
    desk.dispatcher.call(status, unknown, {"rest", ""}, empty, [&](const Result<Answer>& answer) {
      if (code(answer) == "RateLimited") ++limited;
      ++answered;
    });
  }
  CHECK(limited == kStrangers - 25);  // a quarter of the 100 calls may wait
  std::atomic<bool> served = false;
  desk.dispatcher.call(status, desk.secret_of_reader, {"rest", ""}, empty,
                       [&](const Result<Answer>& answer) { served = code(answer) == "ok"; });
  release.count_down();
  while (answered < kStrangers || !served) std::this_thread::yield();
  CHECK(desk.dispatcher.in_flight() == 0);
}

TEST_CASE("dispatcher: a send that names two keys replays what the first has sent, or is refused") {
  Desk desk;
  const auto& send = *desk.registry.find_by_id("emails.send");
  const auto with_two = [&](const Json& input) {
    std::promise<Result<Answer>> promise;
    desk.dispatcher.call(
        send, desk.secret_of_writer, {"rest", "", Consent::NotAsked, false, "Send one key."},
        [&]() -> Result<Json> { return input; },
        [&](Result<Answer> given) { promise.set_value(std::move(given)); });
    return promise.get_future().get();
  };
  const auto refused = with_two(desk.send_input("k"));
  REQUIRE(code(refused) == "ValidationFailed");
  CHECK(refused.error().message == "Send one key.");
  CHECK(refused.error().problems.at(0).path == "/idempotencyKey");
  const auto sent = desk.call("emails.send", desk.secret_of_writer, desk.send_input("k"));
  REQUIRE(code(sent) == "ok");
  const auto replay = with_two(desk.send_input("k"));
  REQUIRE(code(replay) == "ok");
  CHECK(replay->body().at("id") == sent->body().at("id"));
  CHECK(replay->headers().at(0).first == kReplayedHeader);
  Json other = desk.send_input("k");
  other["subject"] = "Another";
  CHECK(code(with_two(other)) == "ValidationFailed");
  CHECK(desk.number("SELECT count(*) FROM email_sends") == 1);
}
