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

TEST_CASE("characters in a password that cut a URL elsewhere are named, and not the password") {
  const struct {
    std::string url;
    std::string words;
  } all[] = {
      {"smtps://USER1:s3cr/et@relay.example.com", "/ as %2F"},
      {"smtp://user:s3cr?et@relay.example.com:587?tls=required", "? as %3F"},
      {"smtp://user:12?s3cret@relay.example.com", "? as %3F"},
      {"smtp://user:s3cr#et@relay.example.com", "# as %23"},
      {"smtp://user:s3cr@et@relay.example.com", "@ as %40"},
      {"smtp://us@er:s3cret@relay.example.com", "@ as %40"},
      {"smtp://user:s3cret%@relay.example.com", "% as %25"},
      {"smtp://user:s3cret%zz@relay.example.com", "% as %25"},
      {"smtp://user:s3c/r@e t@relay.example.com", "%20, / as %2F, @ as %40"},
  };
  for (const auto& one : all) {
    INFO(one.url);
    const auto options = parse_smtp_url(one.url);
    REQUIRE_FALSE(options);
    CHECK(options.error().find(one.words + '.') != std::string::npos);
    CHECK(options.error().find("s3c") == std::string::npos);
  }
  CHECK(parse_smtp_url("smtp://user:a:b@host")->password == "a:b");
  CHECK(parse_smtp_url("smtp://host?ca=/etc/@relay.pem")->ca_file == "/etc/@relay.pem");
}

TEST_CASE("an SMTP URL limits mails through a connection and says what silence is") {
  CHECK(parse_smtp_url("smtp://host")->messages_per_connection_max == 10);
  const auto options = parse_smtp_url("smtp://host?messages=100&silence=20");
  REQUIRE(options);
  CHECK(options->messages_per_connection_max == 100);
  CHECK(options->silence_noticed == std::chrono::seconds(20));
  for (const std::string bad :
       {"messages=0", "messages=100001", "silence=0", "silence=601", "messages=", "silence=5s"}) {
    CHECK_FALSE(parse_smtp_url("smtp://host?" + bad));
  }
  CHECK(parse_smtp_url("smtp://host?messages=100000&silence=600"));
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
}

TEST_CASE("a reply of any length keeps its code") {
  const auto line = parse_reply("550 5.7.1 " + std::string(2'100, 'x') + "\r\n220 next\r\n");
  REQUIRE(line.status == ParsedReply::Status::Complete);
  CHECK(line.reply.code == 550);
  CHECK_FALSE(line.reply.cut);
  CHECK(line.consumed == 2'112);
  CHECK(line.reply.body.size() == kReplyLineBytesMax - 4 + 1);
  const auto endless = parse_reply("250 " + std::string(kReplyBytesMax, 'x'));
  REQUIRE(endless.status == ParsedReply::Status::Complete);
  CHECK(endless.reply.code == 250);
  CHECK(endless.reply.cut);
  std::string lines;
  while (lines.size() <= kReplyBytesMax) lines += "451-" + std::string(500, 'x') + "\r\n";
  const auto flood = parse_reply(lines);
  REQUIRE(flood.status == ParsedReply::Status::Complete);
  CHECK(flood.reply.code == 451);
  CHECK(flood.reply.cut);
  const auto noise = parse_reply("550-no\r\nand now something else\r\n");
  CHECK(noise.reply.code == 550);
  CHECK(noise.reply.cut);
}

TEST_CASE("the code of a reply is known before its end") {
  for (const std::string bytes : {"550 5.7.1 not yet", "550-first\r\n", "550-first\r\n55"}) {
    INFO(bytes);
    const auto parsed = parse_reply(bytes);
    CHECK(parsed.status == ParsedReply::Status::Partial);
    CHECK(parsed.reply.code == 550);
  }
  for (const std::string bytes : {"", "5", "550", "550\r"}) {
    INFO(bytes);
    CHECK(parse_reply(bytes).status == ParsedReply::Status::Partial);
    CHECK(parse_reply(bytes).reply.code == 0);
  }
  CHECK(parse_reply("<html>").status == ParsedReply::Status::Malformed);
}

TEST_CASE("full names of hosts, and others") {
  for (const std::string name : {"mail.example.org", "a.b", "web-7.default.svc.cluster.local"}) {
    CHECK(is_full_name(name));
  }
  for (const std::string name :
       {"", "vm", "c0ffee12ab34", "a..b", ".a.b", "a.b.", "-a.b", "a_b.c", "a b.c", "(none)"}) {
    INFO(name);
    CHECK_FALSE(is_full_name(name));
  }
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
