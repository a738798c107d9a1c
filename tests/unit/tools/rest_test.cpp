#include "tools/rest.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tools/registry.hpp"

using namespace segmentflow;
using describe::Json;

namespace {

const Registry& registry() {
  static const Registry all;
  return all;
}
const Operation& operation(std::string_view id) {
  const Operation* found = registry().find_by_id(id);
  REQUIRE(found);
  return *found;
}

Json json(const char* text) {
  return describe::parse_json(text).value();
}

int hex(char c) {
  return c <= '9' ? c - '0' : c - 'A' + 10;
}
std::string decoded(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      plain += text[i];
    } else {
      plain += static_cast<char>(hex(text[i + 1]) * 16 + hex(text[i + 2]));
      i += 2;
    }
  }
  return plain;
}

// What a server makes of a client's call: target split and decoded, header names in lower case.
RestRequest received(const Operation& op, const RestCall& call) {
  RestRequest request;
  request.body = call.body;
  for (auto [name, value] : call.headers) {
    std::transform(name.begin(), name.end(), name.begin(), ::tolower);
    request.headers.emplace_back(name, value);
  }
  const std::size_t mark = call.target.find('?');
  const std::string path = call.target.substr(0, mark);
  std::string query = mark == std::string::npos ? "" : call.target.substr(mark + 1);
  while (!query.empty()) {
    const std::string pair = query.substr(0, query.find('&'));
    const std::size_t equals = pair.find('=');
    request.query.emplace_back(decoded(pair.substr(0, equals)), decoded(pair.substr(equals + 1)));
    query.erase(0, pair.size() + 1);
  }
  const std::string_view pattern = op.info.path;
  if (const std::size_t open = pattern.find('{'); open != std::string::npos) {
    const std::size_t close = pattern.find('}');
    request.captures.emplace_back(pattern.substr(open + 1, close - open - 1),
                                  decoded(path.substr(open)));
  }
  return request;
}

Result<Json> there_and_back(std::string_view id, const Json& arguments) {
  const Operation& op = operation(id);
  return rest_input(op, received(op, rest_call(op, arguments)));
}

std::string problem(const Result<Json>& input) {
  if (input) return "none";
  std::string text(kind_of(input.error().code).pascal_case);
  for (const auto& each : input.error().problems) text += " " + each.path;
  return text;
}

}  // namespace

TEST_CASE("rest: a bridge's call arrives as the arguments it was made of") {
  const std::vector<std::pair<const char*, const char*>> calls = {
      {"emails.send", R"({"idempotencyKey": "k", "templateKey": "receipt",
                          "to": {"email": "a@b.co"}, "data": {"x": [1, null, "ü"]}})"},
      {"emails.send", R"({"idempotencyKey": "order:1/2 \"x\" ü"})"},
      {"emails.send", R"({"idempotencyKey": "\"quoted\""})"},
      {"emails.send", R"({"idempotencyKey": "\""})"},
      {"emails.send", R"({"idempotencyKey": "a\\b\\"})"},
      {"emails.send", R"({"idempotencyKey": "\"a\\\"b\""})"},
      {"emails.send", R"({"idempotencyKey": " spaced "})"},
      {"emails.send", R"({"to": {"email": "a@b.co"}})"},
      {"emails.batchSend", R"({"items": [{"idempotencyKey": "k"}], "defaults": {}})"},
      {"emails.retrieve", R"({"id": "018f7a35-5555-7555-8555-555555555555"})"},
      {"emails.retrieve", R"({"id": "../../x?y=z#%20 ü"})"},
      {"status", "{}"},
  };
  for (const auto& [id, text] : calls) {
    INFO(id << " " << text);
    const auto input = there_and_back(id, json(text));
    REQUIRE(input);
    CHECK(describe::canonical_json(*input) == describe::canonical_json(json(text)));
  }
}

TEST_CASE("rest: a list in the query is one text, as a repeated parameter is") {
  CHECK(there_and_back("templates.list", json(R"({"status": ["Active", "Archived"]})")).value() ==
        json(R"({"status": "Active,Archived"})"));
  RestRequest request;
  request.query = {{"status", "Active"}, {"purpose", "General"}, {"status", "Archived"}};
  CHECK(rest_input(operation("templates.list"), request).value() ==
        json(R"({"status": "Active,Archived", "purpose": "General"})"));
  CHECK(rest_call(operation("templates.list"), json(R"({"status": null})")).target ==
        "/api/v1/templates");
}

TEST_CASE("rest: a header's blanks survive the trimming of HTTP") {
  const auto call = rest_call(operation("emails.send"), json(R"({"idempotencyKey": " k "})"));
  REQUIRE(call.headers.size() == 1);
  CHECK(call.headers[0].first == "Idempotency-Key");
  CHECK(call.headers[0].second == "\" k \"");
}

TEST_CASE("rest: a quoted and a bare idempotency key are one") {
  const auto key_of = [](const std::string& header) {
    RestRequest request;
    request.headers = {{"idempotency-key", header}};
    request.body = "{}";
    return rest_input(operation("emails.send"), request).value()["idempotencyKey"];
  };
  CHECK(key_of("order:1") == "order:1");
  CHECK(key_of("\"order:1\"") == "order:1");
  CHECK(key_of("\"a\\\"b\\\\c\"") == "a\"b\\c");
  CHECK(key_of("\"") == "\"");
  CHECK(key_of("a\"b") == "a\"b");
}

TEST_CASE("rest: what is in the wrong place or not known is refused by its path") {
  const Operation& send = operation("emails.send");
  const auto body = [&](const char* text) { return problem(rest_input(send, {{}, {}, {}, text})); };
  CHECK(body("{}") == "none");
  CHECK(body("") == "ValidationFailed ");
  CHECK(body("[]") == "ValidationFailed ");
  CHECK(body("null") == "ValidationFailed ");
  CHECK(body("{\"a\": 1, \"a\": 2}").starts_with("ValidationFailed"));
  CHECK(body("{\"to\": \"\xFF\"}").starts_with("ValidationFailed"));
  CHECK(body(R"({"idempotencyKey": "k"})") == "ValidationFailed /idempotencyKey");
  CHECK(problem(rest_input(send, {{}, {{"dryRum", "1"}}, {}, "{}"})) == "ValidationFailed /dryRum");
  const std::string large = "{\"data\": \"" + std::string(send.info.body_bytes_max, 'x') + "\"}";
  CHECK(problem(rest_input(send, {{}, {}, {}, large})).starts_with("PayloadTooLarge"));
  // Where nothing is expected an empty object is nothing.
  const Operation& status = operation("status");
  CHECK(problem(rest_input(status, {{}, {}, {}, ""})) == "none");
  CHECK(problem(rest_input(status, {{}, {}, {}, "{}"})) == "none");
  CHECK(problem(rest_input(status, {{}, {}, {}, "[]"})) == "ValidationFailed ");
  const auto near = rest_input(operation("templates.list"), {{}, {{"statsu", "x"}}, {}, ""});
  CHECK(near.error().problems.at(0).message.find("status") != std::string::npos);
}

TEST_CASE("rest: the caller's key") {
  CHECK(api_key_of({{"x-api-key", "sk_1"}}) == "sk_1");
  CHECK(api_key_of({{"authorization", "Bearer sk_2"}}) == "sk_2");
  CHECK(api_key_of({{"authorization", "bEARER   sk_2"}}) == "sk_2");
  CHECK(api_key_of({{"authorization", "Bearer sk_1"}, {"x-api-key", "sk_1"}}) == "sk_1");
  CHECK(api_key_of({{"authorization", "Basic abc"}}) == "");
  CHECK(api_key_of({{"authorization", "Bearer"}}) == "");
  CHECK(api_key_of({{"authorization", "Bearer  "}}) == "");
  CHECK(api_key_of({{"authorization", "Bearer sk_2"}, {"x-api-key", ""}}) == "sk_2");
  CHECK(api_key_of({}) == "");
  for (const char* other : {"Bearer sk_2", "Basic abc", "Bearer", "sk_1"}) {
    const auto two = api_key_of({{"authorization", other}, {"x-api-key", "sk_1"}});
    REQUIRE_FALSE(two);
    CHECK(two.error().code == ErrorCode::ValidationFailed);
  }
}

TEST_CASE("rest: answers and errors with their headers") {
  const auto answer = Answer::of(json(R"({"id": "1"})"), {{"Idempotent-Replayed", "true"}});
  const auto good = rest_response(answer, "req_1");
  CHECK(good.status == 200);
  CHECK(good.body() == R"({"id":"1"})");
  CHECK(good.headers == Pairs{{"Idempotent-Replayed", "true"}});

  const auto refused = [](ErrorCode code, int retry_after_s = 0) {
    Error error{code, "No."};
    error.retry_after_s = retry_after_s;
    return rest_response(tl::unexpected(error), "req_1");
  };
  const auto unauthorized = refused(ErrorCode::Unauthorized);
  CHECK(unauthorized.status == 401);
  CHECK(unauthorized.headers == Pairs{{"WWW-Authenticate", "Bearer realm=\"segmentflow\""}});
  CHECK(json(unauthorized.body().c_str()).at("requestId") == "req_1");
  CHECK(refused(ErrorCode::RateLimited).headers == Pairs{{"Retry-After", "1"}});
  CHECK(refused(ErrorCode::NotReady, 7).headers == Pairs{{"Retry-After", "7"}});
  CHECK(refused(ErrorCode::NotReady).status == 503);
  CHECK(refused(ErrorCode::IdempotencyConflict).headers.empty());
  CHECK(refused(ErrorCode::IdempotencyConflict).status == 409);
}

TEST_CASE("rest: two idempotency keys are told from one with a comma") {
  const auto two = [](const Pairs& headers) { return two_keys(headers).has_value(); };
  const std::string name = "idempotency-key";
  CHECK_FALSE(two({}));
  for (const char* one : {"a-1", "a,b", "order:1,2", "\"a, b\"", "\"a\\\", b\"", "\"", ""}) {
    INFO(one);
    CHECK_FALSE(two({{name, one}}));
  }
  for (const char* joined : {"a-1, b-2", "\"a\", \"b\"", "\"a\",\"b\"", "a, a"}) {
    INFO(joined);
    CHECK(two({{name, joined}}));
  }
  CHECK(two({{name, "a"}, {"x-api-key", "k"}, {name, "b"}}));
  CHECK(two({{name, "a"}, {name, "a"}}));
}

TEST_CASE("rest: a key with a comma goes over a bridge as one") {
  const Registry registry;
  const auto& send = *registry.find_by_id("emails.send");
  for (const char* key : {"a, b", "a,b", "\"", "a \" , b"}) {
    const RestCall call = rest_call(send, {{"idempotencyKey", key}});
    REQUIRE(call.headers.size() == 1);
    const Pairs headers{{"idempotency-key", call.headers.front().second}};
    CHECK_FALSE(two_keys(headers));
    CHECK(rest_input(send, {{}, {}, headers, "{}"}).value().at("idempotencyKey") == key);
  }
}
