// URL, replies, content and addresses: the parts without a network.
#include <catch2/catch.hpp>

#include "transport/smtp/content.hpp"
#include "transport/smtp/reply.hpp"
#include "transport/smtp/smtp_url.hpp"

using namespace transport::smtp;

TEST_CASE("an SMTP URL gives host, port, credentials and options") {
  const auto options = parse_smtp_url(
      "smtp://us%40er:p%3Ass%2F@mail.example.org:587?tls=required&connections=3&ca=%2Fetc%2Fca.pem"
      "&hello=me.example.org&insecure_auth=allow");
  REQUIRE(options);
  CHECK(options->host == "mail.example.org");
  CHECK(options->port == 587);
  CHECK(options->user == "us@er");
  CHECK(options->password == "p:ss/");
  CHECK(options->tls == TlsMode::Required);
  CHECK(options->connections_max == 3);
  CHECK(options->ca_file == "/etc/ca.pem");
  CHECK(options->hello_name == "me.example.org");
  CHECK(options->insecure_auth);
}

TEST_CASE("an SMTP URL has defaults") {
  const auto plain = parse_smtp_url("smtp://localhost");
  REQUIRE(plain);
  CHECK(plain->port == 25);
  CHECK(plain->tls == TlsMode::Opportunistic);
  CHECK(plain->connections_max == 20);
  CHECK_FALSE(plain->insecure_auth);
  const auto secure = parse_smtp_url("smtps://[::1]/");
  REQUIRE(secure);
  CHECK(secure->port == 465);
  CHECK(secure->tls == TlsMode::Implicit);
  CHECK(secure->host == "::1");
  CHECK(secure->peer() == "[::1]:465");
}

TEST_CASE("a wrong SMTP URL is refused without its secret") {
  for (const std::string url : {"",
                                "nonsense",
                                "http://user:s3cret@host",
                                "smtp://user:s3cret@host:99999",
                                "smtp://",
                                "smtp://user:s3cret@host/path",
                                "smtp://user:s3cret@host#x",
                                "smtp://user@host",
                                "smtp://:s3cret@host",
                                "smtp://user:s3cret@ho st",
                                "smtp://user:s3cret@host?tls=maybe",
                                "smtp://user:s3cret@host?connections=0",
                                "smtp://user:s3cret@host?connections=many",
                                "smtp://user:s3cret@host?tls=off&tls=off",
                                "smtps://user:s3cret@host?tls=off",
                                "smtp://user:s3cret%00@host",
                                "smtp://user:s3cret@h%0D%0Aost",
                                "smtp://h?hello=a%20b",
                                "smtp://user:s3cret@host?insecure_auth=yes",
                                "smtp://h?ca=",
                                "smtp://user:s3cret@host:0"}) {
    INFO(url);
    const auto options = parse_smtp_url(url);
    REQUIRE_FALSE(options);
    CHECK(options.error().find("s3cret") == std::string::npos);
    CHECK(options.error().ends_with("."));
  }
}

TEST_CASE("an unknown option of an SMTP URL is named") {
  const auto options = parse_smtp_url("smtp://host?tsl=off");
  REQUIRE_FALSE(options);
  CHECK(options.error().find("tsl") != std::string::npos);
}

TEST_CASE("a redacted SMTP URL shows everything but the password") {
  const auto options = parse_smtp_url("smtp://us%40er:s3cret@host:2525?tls=required");
  REQUIRE(options);
  CHECK(redacted(*options) == "smtp://us%40er:***@host:2525?tls=required");
}

TEST_CASE("replies are read whatever pieces they come in") {
  const std::string bytes = "250-first\r\n250-\r\n250 last\r\n220 next\r\n";
  const std::size_t end = bytes.find("220");
  for (std::size_t length = 0; length < end; ++length) {
    CHECK(parse_reply(bytes.substr(0, length)).status == ParsedReply::Status::Partial);
  }
  const auto parsed = parse_reply(bytes);
  REQUIRE(parsed.status == ParsedReply::Status::Complete);
  CHECK(parsed.consumed == end);
  CHECK(parsed.reply.code == 250);
  CHECK(parsed.reply.body == "first\n\nlast\n");
}

TEST_CASE("what is no reply is refused") {
  for (const std::string bytes : {"hello\r\n", "\r\n", "25\r\n", "250x\r\n", "150 no\r\n",
                                  "650 no\r\n", "250-a\r\n251 b\r\n", "HTTP/1.1 200 OK\r\n"}) {
    INFO(bytes);
    CHECK(parse_reply(bytes).status == ParsedReply::Status::Malformed);
  }
  CHECK(parse_reply("250 " + std::string(kReplyLineBytesMax, 'x')).status ==
        ParsedReply::Status::Malformed);
  std::string lines;
  while (lines.size() <= kReplyBytesMax) lines += "250-" + std::string(500, 'x') + "\r\n";
  CHECK(parse_reply(lines).status == ParsedReply::Status::Malformed);
}

TEST_CASE("a reply without text and with a bare LF is one") {
  CHECK(parse_reply("250\r\n").status == ParsedReply::Status::Complete);
  CHECK(parse_reply("250 ok\n").reply.body == "ok\n");
}

TEST_CASE("an outcome keeps the enhanced code and printable words") {
  const auto reply = to_mail_reply({550, "5.1.1 No such\n5.1.1 user \x1b[2J\xc3\xa9\n"});
  CHECK(reply.code == 550);
  CHECK(reply.enhanced == "5.1.1");
  CHECK(reply.text == "No such user ?[2J??");
  CHECK(to_mail_reply({250, "5.1.1 wrong class\n"}).enhanced.empty());
  CHECK(to_mail_reply({250, "2.1 no\n"}).enhanced.empty());
  CHECK(to_mail_reply({250, std::string(3'000, 'x')}).text.size() == kReplyTextBytesMax);
}

TEST_CASE("content that could speak SMTP is refused") {
  for (const std::string bad :
       {"", "no end", "bare\nlf\r\n", "\n", "bare\rcr\r\n", "a\r\r\n", "a\r"}) {
    CHECK_FALSE(inspect_content(bad).problem.empty());
  }
  CHECK_FALSE(inspect_content(std::string("nul\0\r\n", 6)).problem.empty());
  CHECK_FALSE(inspect_content(std::string(999, 'x') + "\r\n").problem.empty());
  CHECK(inspect_content(std::string(998, 'x') + "\r\n").problem.empty());
}

TEST_CASE("content facts: dots and eight bits") {
  CHECK_FALSE(inspect_content("a.b\r\n").needs_stuffing);
  CHECK(inspect_content(".\r\n").needs_stuffing);
  CHECK(inspect_content("a\r\n..b\r\n").needs_stuffing);
  CHECK_FALSE(inspect_content("plain\r\n").eight_bit);
  CHECK(inspect_content("caf\xc3\xa9\r\n").eight_bit);
}

TEST_CASE("dots at the start of lines are doubled and nothing else") {
  CHECK(dot_stuffed(".\r\n") == "..\r\n");
  CHECK(dot_stuffed(".a\r\n.\r\nb.\r\n..c\r\n.") == "..a\r\n..\r\nb.\r\n...c\r\n..");
  CHECK(dot_stuffed("a.b\r\n") == "a.b\r\n");
}

TEST_CASE("an address that could speak SMTP is refused") {
  CHECK(can_be_path("a@b.example"));
  for (const std::string bad : {"", "a b@c", "a@b>", "<a@b", "a@b\r\nDATA", "a\t@b", "a\x7f@b"}) {
    CHECK_FALSE(can_be_path(bad));
  }
  CHECK_FALSE(can_be_path(std::string("a\0@b", 4)));
  CHECK_FALSE(can_be_path(std::string(kAddressBytesMax + 1, 'a')));
}
