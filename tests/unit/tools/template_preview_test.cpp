// Previews as callers get them: of a saved template or of a draft.
#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/unit/engine/await.hpp"
#include "tests/unit/tools/desk.hpp"

using namespace segmentflow;
using describe::Json;
using test::code;
using test::Desk;

namespace {

class Previews : public Desk {
 public:
  Result<Answer> preview(const Json& input) { return call("templates.preview", secret_, input); }
  // As preview(), where it succeeds.
  Json shown(const Json& input) {
    const auto answer = preview(input);
    if (!answer) FAIL(answer.error().message);
    return answer->body();
  }
  Json describe_format() {
    return call("templates.schema", secret_, Json::object()).value().body();
  }

 private:
  std::string secret_ = make({"templates:read"});
};

// "code path" of the refusal.
std::string refusal(const Result<Answer>& answer) {
  if (answer) return "ok";
  std::string text = code(answer);
  for (const auto& problem : answer.error().problems) text += " " + problem.path;
  return text;
}

bool is_ready(const std::future<Result<Answer>>& answer) {
  return answer.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
}

const char* kState = R"({"data": {"orderId": "ord_1"}, "profile": {"firstName": "Alex"}})";

}  // namespace

TEST_CASE("preview: a saved template and its definition look the same") {
  Previews desk;
  Json saved = {{"templateId", desk.receipt.id.to_string()}};
  saved["state"] = Json::parse(kState);
  Json draft = {{"definition", test::simple_definition()}};
  draft["definition"]["from"] = "receipts@example.com";
  draft["state"] = Json::parse(kState);
  const Json shown = desk.shown(saved);
  CHECK(shown.at("subject") == "Receipt for order ord_1");
  CHECK(shown.at("text") == "Hello Alex, order ord_1");
  CHECK(shown.at("html").get<std::string>().find("Hello Alex, order ord_1") != std::string::npos);
  CHECK(shown.at("htmlBytes") == shown.at("html").get<std::string>().size());
  CHECK(shown.at("isComplete") == true);
  CHECK(desk.shown(draft) == shown);
  for (const char* member : {"templateId", "templateKey"}) {
    Json by_key = {{member, "receipt"}};
    by_key["state"] = Json::parse(kState);
    CHECK(desk.shown(by_key) == shown);
  }
}

TEST_CASE("preview: a draft whose sender is none is not complete, and is told the senders") {
  Previews desk;
  const auto sender_problem = [&](const char* from) {
    Json draft = {{"definition", test::simple_definition()}};
    if (*from != '\0') draft["definition"]["from"] = from;
    const Json shown = desk.shown(draft);
    for (const Json& problem : shown.at("problems")) {
      if (problem.at("code") == "root_not_html") continue;  // of the body, which is small
      CHECK(shown.at("isComplete") == false);
      CHECK(problem.at("severity") == "Error");
      CHECK(problem.at("message").get<std::string>().find(
                "Acme Receipts <receipts@example.com> (senderProfileId " +
                desk.receipts.id.to_string()) != std::string::npos);
      return problem.at("code").get<std::string>();
    }
    return std::string();
  };
  CHECK(sender_problem("") == "missing_sender");
  CHECK(sender_problem("nobody@example.com") == "unknown_sender");
  CHECK(sender_problem("Any Name <Receipts@EXAMPLE.com>").empty());
}

TEST_CASE("preview: says which values are missing, and what is wrong where") {
  Previews desk;
  Json draft = {{"definition", test::simple_definition()}};
  draft["definition"]["body"]["elements"]["x"] = {{"type", "Txt"}, {"props", Json::object()}};
  draft["state"] = Json::parse(R"({"data": {"orderId": "ord_1"}})");
  const Json shown = desk.shown(draft);
  CHECK(describe::dump_json(shown.at("variables")) ==
        R"([{"path":"/data/orderId","missing":false},)"
        R"({"path":"/profile/firstName","missing":true}])");
  CHECK(shown.at("isComplete") == false);
  bool is_told = false;
  for (const Json& problem : shown.at("problems")) {
    if (problem.at("code") != "unknown_component") continue;
    is_told = true;
    CHECK(problem.at("path") == "/body/elements/x/type");
    CHECK(problem.at("severity") == "Error");
  }
  CHECK(is_told);
}

TEST_CASE("preview: the HTML can be left out, its size is told") {
  Previews desk;
  Json input = {{"templateId", desk.receipt.id.to_string()}, {"omitHtml", true}};
  const Json shown = desk.shown(input);
  CHECK((!shown.contains("html") || shown.at("html").is_null()));
  CHECK(shown.at("htmlBytes") > 0);
  CHECK_FALSE(shown.at("text").get<std::string>().empty());
}

TEST_CASE("preview: either a template or a definition, never neither or both") {
  Previews desk;
  CHECK(refusal(desk.preview(Json::object())) == "ValidationFailed /definition");
  Json both = {{"templateId", desk.receipt.id.to_string()}};
  both["definition"] = test::simple_definition();
  CHECK(refusal(desk.preview(both)) == "ValidationFailed /definition");
  const Json names = {{"templateId", "receipt"}, {"templateKey", "receipt"}};
  CHECK(refusal(desk.preview(names)) == "ValidationFailed /definition");
}

TEST_CASE("preview: what cannot be shown is refused with its path in the request") {
  Previews desk;
  CHECK(refusal(desk.preview({{"templateId", desk.ids.next().to_string()}})) ==
        "NotFound /templateId");
  Json input = {{"definition", test::simple_definition()}};
  input["definition"]["body"]["elements"]["t"] = 5;
  CHECK(refusal(desk.preview(input)) == "ValidationFailed /definition/body/elements/t");
  Json saved = {{"templateId", desk.receipt.id.to_string()}};
  saved["state"] = Json::parse(R"({"data": {"orderId": {"a": 1}}})");
  CHECK(refusal(desk.preview(saved)) == "RenderFailed /templateId/definition/subject");
}

TEST_CASE("preview: another organisation's template is not there") {
  Previews desk;
  const Uuid foreign = desk.write([&](Transaction& tx) {
    NewTemplate theirs;
    theirs.name = "Theirs";
    theirs.key = "theirs";
    theirs.definition = test::checked(test::simple_definition());
    const Uuid other = ensure_organization(tx, desk.ids, "B").id;
    return test::must(create_template(tx, desk.ids, other, theirs)).template_.id;
  });
  CHECK(refusal(desk.preview({{"templateId", foreign.to_string()}})) == "NotFound /templateId");
  CHECK(refusal(desk.preview({{"templateKey", "theirs"}})) == "NotFound /templateKey");
}

TEST_CASE("preview: the brand is that of the caller's organisation") {
  Previews desk;
  Json input = {{"definition", test::simple_definition()}};
  input["definition"]["subject"] = "From ${/brand/name}";
  CHECK(desk.shown(input).at("subject") == "From ");
  desk.change(
      "INSERT INTO brand_kits (id, organization_id, name, is_default, brand, created_at, "
      "updated_at) VALUES ($1, $2, 'Kit', 1, $3, 0, 0)",
      {desk.ids.next(), desk.organization.id, R"({"name": "Acme"})"});
  CHECK(desk.shown(input).at("subject") == "From Acme");
}

TEST_CASE("preview: nothing is saved or sent") {
  Previews desk;
  const auto rows = [&] {
    return desk.number(
        "SELECT (SELECT count(*) FROM templates) + (SELECT count(*) FROM "
        "template_snapshots) + (SELECT count(*) FROM email_sends) + (SELECT "
        "count(*) FROM jobs)");
  };
  const auto before = rows();
  desk.shown({{"definition", test::simple_definition()}});
  CHECK(rows() == before);
}

TEST_CASE("preview: those that wait hold up no reads, are bounded, and hold up no neighbour's") {
  Previews desk;
  const std::string secret = desk.make({"templates:read"});
  const std::string other_secret = desk.write([&](Transaction& tx) {
    const Organization other = ensure_organization(tx, desk.ids, "B");
    return create_api_key(tx, desk.ids, desk.entropy, other, "k", {"templates:read"}, false).secret;
  });
  const Json draft = {{"definition", test::simple_definition()}};
  constexpr std::size_t kTooMany = 3;
  std::vector<std::future<Result<Answer>>> own;
  std::future<Result<Answer>> others;
  {
    const auto alone = desk.render_gate.enter_alone();  // whatever is previewed takes its time
    // One is being rendered or waits to be; the others wait behind it.
    for (std::size_t i = 0; i < 1 + test::kPreviewsWaitingMax + kTooMany; ++i) {
      own.push_back(desk.begin("templates.preview", secret, draft));
    }
    others = desk.begin("templates.preview", other_secret, draft);
    REQUIRE(desk.call("templates.list", secret, Json::object()));
    std::size_t refused = 0;
    test::await([&] {
      refused = static_cast<std::size_t>(std::count_if(own.begin(), own.end(), is_ready));
      return refused >= kTooMany;
    });
    CHECK(refused <= 1 + kTooMany);
    CHECK_FALSE(is_ready(others));
  }
  std::size_t ok = 0;
  for (auto& each : own) {
    const std::string answered = code(each.get());
    if (answered == "ok") ++ok;
    CAPTURE(answered);
    CHECK((answered == "ok" || answered == "RateLimited"));
  }
  CHECK(ok >= test::kPreviewsWaitingMax);
  CHECK(ok <= 1 + test::kPreviewsWaitingMax);
  CHECK(code(others.get()) == "ok");
}

TEST_CASE("format: its example previews without a finding") {
  Previews desk;
  const Json format = desk.describe_format();
  CHECK(format.at("components").size() == 15);
  const Json shown = desk.shown({{"definition", format.at("example")}});
  REQUIRE(shown.at("problems").size() == 1);  // whose senders there are it cannot know
  CHECK(shown.at("problems")[0].at("code") == "missing_sender");
  for (const Json& variable : shown.at("variables")) {
    CAPTURE(variable.at("path").get<std::string>());
    CHECK(variable.at("missing") == false);
  }
}
