#include "tools/untrusted.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tools/registry.hpp"

using namespace segmentflow;
using describe::Json;

TEST_CASE("untrusted: hidden characters go, others stay") {
  CHECK(without_hidden("plain, ümläut 世界 😀\n\ttab") == "plain, ümläut 世界 😀\n\ttab");
  CHECK(without_hidden("a\u200Bb\u202Ec\uFEFFd\u2066e\u00ADf") == "abcdef");
  CHECK(without_hidden(std::string_view("a\0b\x1b[31mc\x7f", 9)) == "ab[31mc");
  CHECK(without_hidden("ignore\U000E0041\U000E0042 this") == "ignore this");
  CHECK(without_hidden("").empty());
}

TEST_CASE("untrusted: is found wherever it stands in an answer") {
  const Registry registry;
  Json send{{"id", "x\u200By"}, {"failureMessage", "550 go\u202E away"}};
  const auto& retrieve = *registry.find_by_id("emails.retrieve")->response;
  CHECK(clean_untrusted(retrieve, send) == std::vector<std::string>{"/id", "/failureMessage"});
  CHECK(send["failureMessage"] == "550 go away");
  // Nobody but us writes an id; a character that hides is taken out all the same, and named.
  CHECK(send["id"] == "xy");
  Json none{{"failureMessage", nullptr}};
  CHECK(clean_untrusted(retrieve, none).empty());
  Json batch{{"items", {{{"index", 0}, {"send", {{"failureMessage", "a\u200B"}}}}}}};
  const auto& batch_send = *registry.find_by_id("emails.batchSend")->response;
  CHECK(clean_untrusted(batch_send, batch) ==
        std::vector<std::string>{"/items/*/send/failureMessage"});
}
