// What is wrong with the members of a definition beside its body.
#include "core/templates/definition.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/engine/shop.hpp"

using namespace segmentflow;
using describe::Json;
using test::must;
using test::simple_definition;

namespace {

CompiledTemplate with(const std::string& member, Json value) {
  Json definition = simple_definition();
  definition[member] = std::move(value);
  return must(compile_template(definition));
}

// "code path" of each finding beside those of the body, errors with a "!".
std::string findings_of(const CompiledTemplate& compiled) {
  std::string text;
  for (const auto& finding : compiled.findings) {
    if (finding.path.starts_with("/body/")) continue;
    text += (text.empty() ? "" : ", ") + finding.code + " " + finding.path;
    if (finding.severity == render::Severity::Error) text += "!";
  }
  return text;
}

std::string message_of(const CompiledTemplate& compiled, std::string_view code) {
  for (const auto& finding : compiled.findings) {
    if (finding.code == code) return finding.message;
  }
  return "";
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("definition: one that is sound has no findings of its own") {
  CHECK(findings_of(must(compile_template(simple_definition()))).empty());
  CHECK(findings_of(with("from", "Acme <a@example.com>")).empty());
  for (const char* member :
       {"from", "replyTo", "preheader", "renderVariables", "sensitiveTransactionalVariablePaths"}) {
    CAPTURE(member);
    CHECK(findings_of(with(member, nullptr)).empty());
  }
  CHECK(with("replyTo", "help@example.com").reply_to->email == "help@example.com");
}

TEST_CASE("definition: what is missing makes it incomplete") {
  const CompiledTemplate nothing = must(compile_template(Json::object()));
  CHECK(findings_of(nothing) == "missing_subject /subject!, missing_body /body!");
  CHECK_FALSE(nothing.is_complete());
  CHECK(findings_of(with("subject", "")) == "missing_subject /subject!");
  CHECK_FALSE(with("subject", "").is_complete());
}

TEST_CASE("definition: members of another type are errors") {
  CHECK(findings_of(with("subject", 5)) == "invalid_member /subject!, missing_subject /subject!");
  CHECK(findings_of(with("preheader", Json::array())) == "invalid_member /preheader!");
  CHECK(findings_of(with("renderVariables", "x")) == "invalid_member /renderVariables!");
  CHECK(findings_of(with("sensitiveTransactionalVariablePaths", "/data/x")) ==
        "invalid_member /sensitiveTransactionalVariablePaths!");
  CHECK(findings_of(with("from", "no address")) == "invalid_address /from!");
  CHECK(findings_of(with("replyTo", "a@b@c")) == "invalid_address /replyTo!");
  CHECK_FALSE(with("from", "no address").is_complete());
}

TEST_CASE("definition: a sensitive path begins with a root that a send fills") {
  const auto paths = [](Json list) {
    return with("sensitiveTransactionalVariablePaths", std::move(list));
  };
  const CompiledTemplate sound = paths({"/data/a", "data/b", "/profile/c", "/event", "/data"});
  CHECK(findings_of(sound).empty());
  CHECK(sound.sensitive.size() == 5);
  CHECK(findings_of(paths({"/data/a", "/brand/x", 5, "", "code"})) ==
        "invalid_sensitive_path /sensitiveTransactionalVariablePaths/1!, "
        "invalid_sensitive_path /sensitiveTransactionalVariablePaths/2!, "
        "invalid_sensitive_path /sensitiveTransactionalVariablePaths/3!, "
        "invalid_sensitive_path /sensitiveTransactionalVariablePaths/4!");
}

TEST_CASE("definition: there are so many sensitive paths at most") {
  Json paths = Json::array();
  for (std::size_t at = 0; at < kSensitivePathsMax; ++at) {
    paths.push_back("/data/code" + std::to_string(at));
  }
  CHECK(with("sensitiveTransactionalVariablePaths", paths).is_complete());
  paths.push_back("/data/more");
  const CompiledTemplate over = with("sensitiveTransactionalVariablePaths", paths);
  CHECK(findings_of(over) == "invalid_sensitive_path /sensitiveTransactionalVariablePaths!");
  CHECK_FALSE(over.is_complete());
  CHECK(over.sensitive.size() == kSensitivePathsMax + 1);  // what was saved stays secret
}

TEST_CASE("definition: an unknown member is told with the nearest known one") {
  const CompiledTemplate compiled = with("preheadr", "x");
  CHECK(findings_of(compiled) == "unknown_member /preheadr");
  CHECK(contains(message_of(compiled, "unknown_member"), "Did you mean preheader?"));
  CHECK(compiled.is_complete());
  CHECK_FALSE(contains(message_of(with("zzzzzz", 1), "unknown_member"), "Did you mean"));
}

TEST_CASE("definition: a path that nothing fills is told, in subject and preheader too") {
  const CompiledTemplate compiled = with("subject", "Order ${/dta/id}");
  CHECK(findings_of(compiled) == "unknown_root /subject");
  CHECK(contains(message_of(compiled, "unknown_root"), "Did you mean /data?"));
  CHECK(compiled.is_complete());
  CHECK(findings_of(with("preheader", "${/porfile/name}")) == "unknown_root /preheader");
}

TEST_CASE("definition: whether it reads the brand, anywhere in it") {
  CHECK_FALSE(must(compile_template(simple_definition())).reads_brand);
  CHECK(with("subject", "${/brand/name}").reads_brand);
  CHECK(with("preheader", "${/brand/name}").reads_brand);
  Json definition = simple_definition();
  definition["body"]["elements"]["t"]["visible"] = {{"$state", "/brand/logo"}};
  CHECK(must(compile_template(definition)).reads_brand);
}

TEST_CASE("definition: a great many findings are counted, and an error among them stays one") {
  Json definition = simple_definition();
  for (std::size_t i = 0; i < kFindingsMax + 5; ++i) {
    definition["unknown" + std::to_string(i)] = 1;
  }
  definition["body"]["elements"]["t"]["type"] = "Txt";
  const auto compiled = must(compile_template(definition));
  REQUIRE(compiled.findings.size() == kFindingsMax + 1);
  CHECK(compiled.findings.back().code == "more_problems");
  CHECK_FALSE(compiled.is_complete());

  Json wide = simple_definition();
  for (int i = 0; i < 40; ++i) {
    wide["body"]["elements"][std::string(4'000, 'e') + std::to_string(i)] = {{"type", "Txt"}};
  }
  std::size_t bytes = 0;
  for (const auto& finding : must(compile_template(wide)).findings) {
    bytes += finding.path.size() + finding.message.size();
  }
  CHECK(bytes <= kFindingsBytesMax + 200);
}
