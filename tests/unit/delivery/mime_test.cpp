#include "core/delivery/mime.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "core/delivery/mime_body.hpp"
#include "core/delivery/mime_header.hpp"

namespace segmentflow {
namespace {

MimeMessage small_message() {
  MimeMessage message;
  message.from = {"news@acme.example", "Acme, Inc."};
  message.to = {{"ann@b.example", "Ann Lee"}, {"bob@b.example", std::nullopt}};
  message.reply_to = Address{"help@acme.example", "Hilfe für alle"};
  message.subject = "Hello";
  message.message_id = "1@acme.example";
  message.date = 1'780'012'800 * kMicrosPerSecond;
  message.html = "<p>Hello</p>\n";
  message.text = "Hello\n";
  return message;
}

std::string built(const MimeMessage& message) {
  auto bytes = build_mime(message);
  REQUIRE(bytes.has_value());
  return *bytes;
}

// The path of the one problem.
std::string refused_field(const MimeMessage& message) {
  const auto bytes = build_mime(message);
  REQUIRE_FALSE(bytes.has_value());
  CHECK(bytes.error().code == ErrorCode::ValidationFailed);
  REQUIRE(bytes.error().problems.size() == 1);
  CHECK(bytes.error().message == bytes.error().problems[0].message);
  CHECK(bytes.error().message.back() == '.');
  CHECK(bytes.error().message.find_first_of("\r\n") == std::string::npos);
  return bytes.error().problems[0].path;
}

std::string boundary_of(const std::string& bytes) {
  const auto start = bytes.find("boundary=\"") + 10;
  return bytes.substr(start, bytes.find('"', start) - start);
}

TEST_CASE("mime: the exact bytes of a small message") {
  MimeMessage message = small_message();
  message.extra_headers = {{"X-Campaign", "spring"}};
  const std::string bytes = built(message);
  const std::string b = boundary_of(bytes);
  CHECK(b.size() == 34);
  CHECK(bytes ==
        "Date: Fri, 29 May 2026 00:00:00 +0000\r\n"
        "Message-ID: <1@acme.example>\r\n"
        "From: \"Acme, Inc.\" <news@acme.example>\r\n"
        "To: Ann Lee <ann@b.example>, bob@b.example\r\n"
        "Reply-To: =?utf-8?Q?Hilfe_f=C3=BCr_alle?= <help@acme.example>\r\n"
        "Subject: Hello\r\n"
        "X-Campaign: spring\r\n"
        "MIME-Version: 1.0\r\n"
        "Content-Type: multipart/alternative;\r\n boundary=\"" +
            b +
            "\"\r\n\r\n"
            "--" +
            b +
            "\r\n"
            "Content-Type: text/plain; charset=utf-8\r\n"
            "Content-Transfer-Encoding: 7bit\r\n\r\n"
            "Hello\r\n\r\n"
            "--" +
            b +
            "\r\n"
            "Content-Type: text/html; charset=utf-8\r\n"
            "Content-Transfer-Encoding: 7bit\r\n\r\n"
            "<p>Hello</p>\r\n\r\n"
            "--" +
            b + "--\r\n");
  CHECK(built(message) == bytes);
}

TEST_CASE("mime: one body alone") {
  MimeMessage message = small_message();
  message.text.clear();
  message.html = "<p>no line end</p>";
  const std::string bytes = built(message);
  CHECK(bytes.find("multipart") == std::string::npos);
  CHECK(bytes.find("Content-Type: text/html; charset=utf-8\r\n") != std::string::npos);
  CHECK(bytes.ends_with("\r\n\r\n<p>no line end</p>\r\n"));
}

TEST_CASE("mime: the boundary never occurs in the content") {
  MimeMessage message = small_message();
  std::vector<std::string> seen;
  for (int round = 0; round < 4; ++round) {
    const std::string bytes = built(message);
    CHECK(built(message) == bytes);
    const std::string boundary = boundary_of(bytes);
    CHECK(message.text.find(boundary) == std::string::npos);
    CHECK(std::ranges::find(seen, boundary) == seen.end());
    seen.push_back(boundary);
    message.text += "--" + boundary + "\n";
  }
  MimeMessage other = small_message();
  other.message_id = "2@acme.example";
  CHECK(boundary_of(built(other)) != seen[0]);
}

TEST_CASE("mime: header injection is refused, not cleaned") {
  for (const char c : {'\r', '\n', '\0'}) {
    const std::string bad = std::string("x") + c + "Bcc: e@vil.example";
    MimeMessage message = small_message();
    message.subject = bad;
    CHECK(refused_field(message) == "/subject");
    message = small_message();
    message.from.name = bad;
    CHECK(refused_field(message) == "/from");
    message = small_message();
    message.to[0].name = bad;
    CHECK(refused_field(message) == "/to");
    message = small_message();
    message.to[0].email = std::string("a@b.co") + c + "c@d.co";
    CHECK(refused_field(message) == "/to");
    message = small_message();
    message.cc = {{"a@b.co", bad}};
    CHECK(refused_field(message) == "/cc");
    message = small_message();
    message.reply_to->name = bad;
    CHECK(refused_field(message) == "/replyTo");
    message = small_message();
    message.message_id = std::string("1@b.co") + c;
    CHECK(refused_field(message) == "/messageId");
    message = small_message();
    message.extra_headers = {{"X-A", bad}};
    CHECK(refused_field(message) == "/extraHeaders");
    message.extra_headers = {{std::string("X-A") + c, "v"}};
    CHECK(refused_field(message) == "/extraHeaders");
  }
}

TEST_CASE("mime: what else is refused") {
  MimeMessage message = small_message();
  message.to.clear();
  CHECK(refused_field(message) == "/to");
  message = small_message();
  message.to[0].email = "<ann@b.example>";
  CHECK(refused_field(message) == "/to");
  message = small_message();
  message.from.name = std::string(256, 'n');
  CHECK(refused_field(message) == "/from");
  message = small_message();
  message.subject = "\xC3(";
  CHECK(refused_field(message) == "/subject");
  message.subject = std::string(kSubjectMaxBytes + 1, 's');
  CHECK(refused_field(message) == "/subject");
  message = small_message();
  message.html = "\xED\xA0\x80";
  CHECK(refused_field(message) == "/html");
  message = small_message();
  message.text = "\xF5";
  CHECK(refused_field(message) == "/text");
  message = small_message();
  message.html.clear();
  message.text.clear();
  CHECK(refused_field(message) == "/html");
  for (const char* id : {"", "a", "@b", "a@", "<a@b>", "a b@c", "a..b@c", ".a@b", "a@b@c", "ä"}) {
    message = small_message();
    message.message_id = id;
    CHECK(refused_field(message) == "/messageId");
  }
}

TEST_CASE("mime: extra headers") {
  const auto refused = [](const std::string& name, const std::string& value) {
    MimeMessage message = small_message();
    message.extra_headers = {{name, value}};
    return refused_field(message) == "/extraHeaders";
  };
  for (const char* name :
       {"",         "X A",          "X:A",          "X_A",         "Ä",          "Bcc",
        "BCC",      "from",         "To",           "Cc",          "Subject",    "Message-Id",
        "Date",     "mime-version", "Content-Type", "content-foo", "Resent-Bcc", "Return-Path",
        "Received", "Reply-To"}) {
    INFO(name);
    CHECK(refused(name, "v"));
  }
  CHECK(refused("X-A", ""));
  CHECK(refused("X-A", " v"));
  CHECK(refused("X-A", "v "));
  CHECK(refused("X-A", "ü"));
  CHECK(refused("X-A", "a\tb"));
  CHECK(refused("X-A", std::string(998, 'v')));
  CHECK(refused("X-A", "a " + std::string(998, 'v') + " b"));
  MimeMessage message = small_message();
  message.extra_headers = {{"X-A", "a " + std::string(997, 'v') + " b"}};
  CHECK(built(message).find("X-A: a\r\n " + std::string(997, 'v') + "\r\n b\r\n") !=
        std::string::npos);
}

TEST_CASE("mime: copies are in Cc and there is no Bcc") {
  MimeMessage message = small_message();
  message.cc = {{"c@d.co", std::nullopt}};
  const std::string bytes = built(message);
  CHECK(bytes.find("\r\nCc: c@d.co\r\n") != std::string::npos);
  CHECK(bytes.find("Bcc") == std::string::npos);
}

TEST_CASE("mime header: plain subjects stay plain, others become encoded-words") {
  CHECK(text_field("Subject", "") == "Subject:\r\n");
  CHECK(text_field("Subject", "a  b") == "Subject: a  b\r\n");
  CHECK(text_field("Subject", "Café") == "Subject: =?utf-8?Q?Caf=C3=A9?=\r\n");
  CHECK(text_field("Subject", "日本") == "Subject: =?utf-8?B?5pel5pys?=\r\n");
  CHECK(text_field("Subject", "=?x") == "Subject: =?utf-8?Q?=3D=3Fx?=\r\n");
  CHECK(text_field("Subject", "a ") == "Subject: =?utf-8?Q?a_?=\r\n");
}

TEST_CASE("mime header: a first word stays on the line of its name") {
  const std::string word(300, 'w');
  CHECK(plain_field("List-Unsubscribe", word + " x") == "List-Unsubscribe: " + word + "\r\n x\r\n");
  const std::string longest(997, 'w');
  CHECK(plain_field("X-A", longest) == "X-A:\r\n " + longest + "\r\n");
}

TEST_CASE("mime header: encoded-words hold whole characters in at most 75 bytes") {
  std::string text;
  for (int i = 0; i < 100; ++i) text += i % 3 == 0 ? "😀" : "é";
  for (std::size_t first = 0; first < 90; ++first) {
    const auto words = encode_words(text, first);
    for (std::size_t i = 0; i < words.size(); ++i) {
      REQUIRE(words[i].size() <= 75);
      REQUIRE(words[i].starts_with("=?utf-8?B?"));
    }
    if (first >= 40) REQUIRE(words[0].size() <= first);
  }
}

TEST_CASE("mime body: line ends") {
  CHECK(normalise_line_ends("") == "");
  CHECK(normalise_line_ends("a\rb\nc\r\nd\n\re\r\r\nf") == "a\r\nb\r\nc\r\nd\r\n\r\ne\r\n\r\nf");
}

TEST_CASE("mime body: the encoding that suits the text") {
  CHECK(encode_body("plain\n").encoding == "7bit");
  CHECK(encode_body(std::string(998, 'x')).encoding == "7bit");
  CHECK(encode_body(std::string(999, 'x')).encoding == "quoted-printable");
  CHECK(encode_body("blank \nx").content == "blank=20\r\nx");
  CHECK(encode_body("From x").content == "=46rom x");
  CHECK(encode_body("a\n.\nb").content == "a\r\n=2E\r\nb");
  CHECK(encode_body(std::string("a\0b and more", 12)).content == "a=00b and more");
  CHECK(encode_body("Grüße = more of it").content == "Gr=C3=BC=C3=9Fe =3D more of it");
  // Markup around text of another script can be read, though base64 would be smaller.
  std::string markup = "<p style=\"margin: 0; font-family: Arial\">Ваш заказ</p>\n";
  while (markup.size() < 4'000) markup += markup;
  CHECK(encode_body(markup).encoding == "quoted-printable");
  CHECK(encode_body("Ваш заказ уже в пути").encoding == "base64");
  CHECK(encode_body("漢字仮名").encoding == "base64");
  CHECK(encode_body("漢字仮名").content == "5ryi5a2X5Luu5ZCN\r\n");
}

TEST_CASE("mime body: no encoded line is over 76 bytes or begins with a dot") {
  for (std::size_t lead = 60; lead < 90; ++lead) {
    const auto body = encode_body(std::string(lead, 'a') + ".From .=é" + std::string(900, '.'));
    REQUIRE(body.encoding == "quoted-printable");
    for (std::size_t at = 0; at < body.content.size();) {
      const auto end = std::min(body.content.find("\r\n", at), body.content.size());
      REQUIRE(end - at <= kEncodedLineMaxBytes);
      REQUIRE(body.content[at] != '.');
      REQUIRE_FALSE(body.content.substr(at).starts_with("From "));
      at = end + 2;
    }
  }
}

}  // namespace
}  // namespace segmentflow
