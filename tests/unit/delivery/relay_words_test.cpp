#include "core/delivery/relay_words.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

using namespace segmentflow;

namespace {

EmailSend a_send() {
  EmailSend send;
  send.to_email = "sam.reed@example.com";
  send.cc = {{"copy@example.com", std::nullopt}};
  send.bcc = {{"chief@example.com", std::nullopt}};
  return send;
}

std::string cleaned(const std::string& text, const std::string& data, const std::string& kept) {
  return RelayWords(a_send(), sensitive_values(data, kept)).clean(text);
}

}  // namespace

TEST_CASE("relay words: no address, whoever's and however it is written") {
  const RelayWords words(a_send(), {});
  CHECK(words.clean("<SAM.Reed@example.com> no") == "<[address]> no");
  CHECK(words.clean("copy@example.com and other@example.net") == "[address] and [address]");
  CHECK(words.clean("sam.reed%40example.com is unknown") == "[address] is unknown");
  CHECK(words.clean("sam.reed at example.com is unknown") == "[address] is unknown");
  CHECK(words.clean("no mailbox chief here") == "no mailbox [address] here");
  CHECK(words.clean("no mailbox sam.reed here") == "no mailbox sam.reed here");
}

TEST_CASE("relay words: no sensitive value, in whatever form") {
  const std::string data = R"({"t": "77-kilo-31", "keep": "open", "deep": [{"pin": 4711}],
      "text": " two words\nand a line ", "odd": "a&b=c"})";
  const std::string kept = R"({"t": "[redacted]", "keep": "open", "deep": [{"pin": "[redacted]"}],
      "text": "[redacted]", "odd": "[redacted]"})";
  CHECK(cleaned("token 77-kilo-31 refused", data, kept) == "token [redacted] refused");
  CHECK(cleaned("id=x77-KILO-31y", data, kept) == "id=x[redacted]y");
  CHECK(cleaned("open 4711", data, kept) == "open [redacted]");
  CHECK(cleaned("<two words> <and a line>", data, kept) == "<[redacted]> <[redacted]>");
  for (const char* form : {"a%26b%3Dc", "a&b=3Dc", "a&amp;b=c"}) {
    CHECK(cleaned(std::string("see ") + form, data, kept) == "see [redacted]");
  }
  CHECK(cleaned("one", "not JSON", kept) == "one");
}

TEST_CASE("relay words: a root that is sensitive as a whole") {
  CHECK(cleaned("s3cret and 12345", R"({"a": {"b": "s3cret"}, "n": 12345, "yes": true})", "{}") ==
        "[redacted] and [redacted]");
}

TEST_CASE("relay words: all words of an outcome") {
  MailOutcome outcome;
  outcome.reply = {550, "5.1.1", "<sam.reed@example.com> token s3cret"};
  outcome.detail = "copy@example.com";
  outcome.refused_copies.push_back({"chief@example.com", {450, "", "chief@example.com s3cret"}});
  RelayWords(a_send(), {"s3cret"}).clean(outcome);
  CHECK(outcome.reply.text == "<[address]> token [redacted]");
  CHECK(outcome.detail == "[address]");
  CHECK(outcome.refused_copies[0].reply.text == "[address] [redacted]");
  CHECK(outcome.refused_copies[0].recipient == "chief@example.com");
}
