// Messages of ours read back by a parser that is not ours (tests/e2e/judge_mime.py).
#include <array>
#include <catch2/catch.hpp>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "core/delivery/mime.hpp"
#include "tests/unit/delivery/temp_folder.hpp"

namespace segmentflow {
namespace {

using nlohmann::json;
using std::string_literals::operator""s;

json mailbox_json(const Address& address) {
  return {address.name.value_or(""), address.email};
}

json meaning_of(const MimeMessage& message) {
  json to = json::array();
  json cc = json::array();
  json reply_to = json::array();
  json extra = json::array();
  for (const auto& address : message.to) to.push_back(mailbox_json(address));
  for (const auto& address : message.cc) cc.push_back(mailbox_json(address));
  if (message.reply_to) reply_to.push_back(mailbox_json(*message.reply_to));
  for (const auto& [name, value] : message.extra_headers) extra.push_back({name, value});
  return {{"from", json::array({mailbox_json(message.from)})},
          {"to", to},
          {"cc", cc},
          {"reply-to", reply_to},
          {"extra", extra},
          {"subject", message.subject},
          {"messageId", message.message_id},
          {"date", message.date / kMicrosPerSecond},
          {"html", message.html},
          {"plain", message.text}};
}

class Corpus {
 public:
  void add(const MimeMessage& message) {
    const auto bytes = build_mime(message);
    INFO(meaning_of(message).dump());
    REQUIRE(bytes.has_value());
    REQUIRE(*bytes == *build_mime(message));
    const std::string name = std::to_string(count_++);
    std::ofstream(folder_.path() / (name + ".eml"), std::ios::binary) << *bytes;
    std::ofstream(folder_.path() / (name + ".json")) << meaning_of(message).dump();
  }

  void judge() {
    const std::string command = "/usr/bin/python3 " SEGMENTFLOW_SOURCE_DIR
                                "/tests/e2e/judge_mime.py " +
                                folder_.path().string() + " 2>&1";
    std::FILE* pipe = ::popen(command.c_str(), "r");
    REQUIRE(pipe != nullptr);
    std::string output;
    std::array<char, 4096> buffer{};
    while (const std::size_t size = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
      output.append(buffer.data(), size);
    }
    const int status = ::pclose(pipe);
    INFO(output);
    CHECK(status == 0);
    CHECK(output.find(std::to_string(count_) + " messages, 0 differences") != std::string::npos);
  }

 private:
  TempFolder folder_;
  int count_ = 0;
};

MimeMessage plain_message() {
  MimeMessage message;
  message.from = {"news@acme.example", "Acme"};
  message.to = {{"ann@b.example", std::nullopt}};
  message.subject = "Hello";
  message.message_id = "0197f0a4-7c1e-7000-8000-000000000001@acme.example";
  message.date = 1'780'000'000 * kMicrosPerSecond;
  message.html = "<p>Hello</p>\r\n";
  message.text = "Hello\r\n";
  return message;
}

const std::vector<std::string>& nasty_texts() {
  static const std::vector<std::string> texts = {
      "",
      "Plain words",
      "Grüße aus Köln",
      "😀👩‍👩‍👧‍👦🏳️‍🌈 party "
      "🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉",
      "שלום עולם \xE2\x80\x8Fمرحبا بالعالم",
      "漢字仮名交じり文の件名はとても長くなる"
      "ことがありますので折り返しが必要",
      std::string(300, 'w'),
      "ends with blanks   ",
      "  begins with blanks",
      "two  blanks   and    more",
      "=?utf-8?Q?not_an_encoded_word?=",
      "a =?= b ?= =? c",
      "line\xE2\x80\xA8separator and paragraph\xE2\x80\xA9separator and nel\xC2\x85here",
      "e\xCC\x81\xCC\x81\xCC\x81 combining",
      "commas, semicolons; colons: <angles> (parens) [brackets] @ \"quotes\" \\ back",
      "A sentence of plain ASCII that is long enough that it has to be folded at least twice, "
      "since "
      "it has well over one hundred and fifty-six characters in it, as you can see for yourself.",
      "1 = 2 == 3 _ under_score ? question",
      "nbsp\xC2\xA0here \xF0\x9D\x94\x98"};
  return texts;
}

const std::vector<std::string>& nasty_bodies() {
  static const std::vector<std::string> bodies = [] {
    std::vector<std::string> all = nasty_texts();
    all.insert(
        all.end(),
        {".\r\n..\r\n.hidden\r\n", "From me\nFrom you\r\n>From her\rFrom x", "a\rb\nc\r\nd\r\n",
         "\r\n\r\n\r\n", "\n", " \n\t\n \t \n", std::string(998, 'x') + "\r\n",
         std::string(999, 'x'), std::string(5000, ' '), std::string(75, 'a') + " \r\n",
         std::string(76, '=') + "\n", std::string(74, 'a') + "From b" + std::string(80, '.'),
         std::string(75, 'a') + ".b" + std::string(75, '.') + "From c From ",
         "nul \0 and bell \a and esc \x1B[0m"s, "--=_\r\n--boundary--\r\n", "-- \r\nsignature",
         "tab\tat end\t", "a=b&amp;c=3D=\r\n=\n=0D=0A"});
    return all;
  }();
  return bodies;
}

std::string mixture(std::mt19937_64& random, const std::vector<std::string>& pieces,
                    std::size_t max_pieces) {
  std::string text;
  for (std::size_t n = random() % (max_pieces + 1); n > 0; --n) {
    text += pieces[random() % pieces.size()];
    if (random() % 2 == 0) text += ' ';
  }
  return text;
}

// At most `max_bytes`, whole characters.
std::string shortened(std::string text, std::size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  while (max_bytes > 0 && (static_cast<unsigned char>(text[max_bytes]) & 0xC0U) == 0x80U)
    --max_bytes;
  text.resize(max_bytes);
  return text;
}

Address random_address(std::mt19937_64& random) {
  Address address{"user" + std::to_string(random() % 1000) + "@example.com", std::nullopt};
  if (random() % 8 == 0) {
    address.email = std::string(64, 'u') + "@a-rather-long-domain-name-for-a-mailbox.example.org";
  }
  if (random() % 4 != 0) {
    std::string name = shortened(mixture(random, nasty_texts(), 2), kDisplayNameMaxBytes);
    if (!name.empty()) address.name = name;
  }
  return address;
}

std::vector<Address> random_addresses(std::mt19937_64& random, std::size_t min_count) {
  std::vector<Address> addresses;
  for (std::size_t n = min_count + random() % 5; n > 0; --n) {
    addresses.push_back(random_address(random));
  }
  return addresses;
}

MimeMessage random_message(std::mt19937_64& random) {
  MimeMessage message = plain_message();
  message.from = random_address(random);
  message.to = random_addresses(random, 1);
  message.cc = random_addresses(random, 0);
  if (random() % 2 == 0) message.reply_to = random_address(random);
  message.subject = shortened(mixture(random, nasty_texts(), 4), kSubjectMaxBytes);
  message.message_id = std::to_string(random()) + "@mail.example.com";
  message.date = static_cast<Time>(random() % 4'000'000'000) * kMicrosPerSecond;
  message.html = mixture(random, nasty_bodies(), 12);
  message.text = mixture(random, nasty_bodies(), 12);
  if (message.html.empty() && message.text.empty()) message.text = "x";
  return message;
}

TEST_CASE("mime: chosen messages read back equal in another parser") {
  Corpus corpus;
  corpus.add(plain_message());
  for (const auto& text : nasty_texts()) {
    MimeMessage message = plain_message();
    message.subject = text;
    message.from.name = shortened(text, kDisplayNameMaxBytes);
    corpus.add(message);
  }
  for (const auto& body : nasty_bodies()) {
    MimeMessage message = plain_message();
    message.html = body;
    corpus.add(message);
    message.text.clear();
    if (!body.empty()) corpus.add(message);
    message.html.clear();
    message.text = body;
    if (!body.empty()) corpus.add(message);
  }
  MimeMessage extra = plain_message();
  extra.extra_headers = {
      {"List-Unsubscribe", "<https://acme.example/u/" + std::string(300, 'k') + ">"},
      {"List-Unsubscribe-Post", "List-Unsubscribe=One-Click"},
      {"X-Words", "many words  " + std::string(90, 'x') +
                      " and more words than one line can hold "
                      "so that the field is folded"}};
  corpus.add(extra);
  corpus.judge();
}

TEST_CASE("mime: random messages read back equal in another parser") {
  const auto seed = Catch::rngSeed();
  INFO("seed " << seed);
  std::mt19937_64 random(seed);
  Corpus corpus;
  for (int round = 0; round < 400; ++round) corpus.add(random_message(random));
  corpus.judge();
}

}  // namespace
}  // namespace segmentflow
