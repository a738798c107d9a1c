#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "transport/http/access_log.hpp"
#include "transport/http/request_rules.hpp"
#include "transport/http/response_head.hpp"

using namespace transport::http;

TEST_CASE("Host rules allow loopback, the address and the named hosts only") {
  const HostRules rules("10.0.0.7", {"Mail.Example.org", "fe80::1"});
  for (const char* good :
       {"localhost", "LOCALHOST:3001", "127.0.0.1:80", "[::1]", "[::1]:9", "10.0.0.7:3001",
        "mail.example.ORG", "[fe80::1]:1", "localhost:", "127.0.0.2", "127.255.255.254:1",
        "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]:1"}) {
    INFO(good);
    CHECK(rules.allows(good));
  }
  for (const char* bad : {"", "evil.example", "localhost.evil.example", "localhost:80:80",
                          "localhost:a", "127.0.0.1.nip.io", "::1", "[::1", "[::1]x", "0.0.0.0",
                          "localhost.", "a@localhost", ":80", "localhost:123456", "128.0.0.1",
                          "127.0.0.1.", "127.0.0.256", "[::2]", "[::ffff:10.0.0.1]"}) {
    INFO(bad);
    CHECK_FALSE(rules.allows(bad));
  }
  CHECK_FALSE(HostRules("0.0.0.0", {}).allows("0.0.0.0"));
  CHECK_FALSE(HostRules("::", {}).allows("[::]"));
  CHECK(HostRules("::1", {}).allows("[::1]:1"));
}

TEST_CASE("Origins are those of allowed hosts, by http or https") {
  const HostRules rules("10.0.0.7", {"mail.example.org"});
  for (const char* good : {"http://localhost", "http://localhost:6274", "https://mail.example.org",
                           "http://10.0.0.7:3001", "http://[::1]:1"}) {
    INFO(good);
    CHECK(rules.allows_origin(good));
  }
  for (const char* bad : {"", "null", "localhost", "https://evil.example", "ftp://localhost",
                          "http://localhost.evil.example", "http://", "http://localhost/x",
                          "http://evil.example@localhost", "file://"}) {
    INFO(bad);
    CHECK_FALSE(rules.allows_origin(bad));
  }
}

TEST_CASE("A caller's request id is kept when it is harmless") {
  CHECK(request_id_or_new("abc-DEF_1.2") == "abc-DEF_1.2");
  CHECK(request_id_or_new(std::string(128, 'a')) == std::string(128, 'a'));
  for (const std::string& bad :
       {std::string(), std::string(129, 'a'), std::string("a b"), std::string("a\"b"),
        std::string("\xC3\xA9"), std::string("a\r\nb")}) {
    const std::string made = request_id_or_new(bad);
    CHECK(made.size() == 32);
    CHECK(made.find_first_not_of("0123456789abcdef") == std::string::npos);
  }
  CHECK(new_request_id() != new_request_id());
}

TEST_CASE("JSON content types") {
  CHECK(is_json_type("application/json"));
  CHECK(is_json_type("Application/JSON ; charset=\"UTF-8\""));
  CHECK(is_json_type("application/json; profile=x; charset=utf-8"));
  CHECK_FALSE(is_json_type(""));
  CHECK_FALSE(is_json_type("text/json"));
  CHECK_FALSE(is_json_type("application/json2"));
  CHECK_FALSE(is_json_type("application/json; charset=latin1"));
}

TEST_CASE("A response that could be split or confused has a defect") {
  const auto with = [](std::string name, std::string value) {
    return Response{.headers = {{std::move(name), std::move(value)}}};
  };
  CHECK_FALSE(response_defect(with("location", "/a\tb \xC3\xA9")));
  for (const auto& bad :
       {with("location", "a\r\nb"), with("location", "a\nb"),
        with("location", std::string(1, '\0')), with("bad name", "x"), with("", "x"),
        with("a:b", "x"), with("Content-Length", "1"), with("transfer-encoding", "chunked"),
        with("Connection", "close"), with("x", "\x7F")}) {
    INFO(bad.headers[0].first);
    CHECK(response_defect(bad));
  }
  CHECK(response_defect(Response{.status = 199}));
  CHECK(response_defect(Response{.status = 600}));
  CHECK(response_defect(Response{.content_type = "a\r\nb: c"}));
}

TEST_CASE("A response head holds what a client needs") {
  const Response response{.status = 201, .headers = {{"location", "/x"}}, .body = "12345"};
  CHECK(response_head(response, "id1", Persistence::Default) ==
        "HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: 5\r\n"
        "x-request-id: id1\r\nx-content-type-options: nosniff\r\nlocation: /x\r\n\r\n");
  const std::string none = response_head(Response{.status = 204}, "i", Persistence::Close);
  CHECK(none.find("content-length") == std::string::npos);
  CHECK(none.find("connection: close\r\n\r\n") != std::string::npos);
}

TEST_CASE("An access line is JSON whatever the request held") {
  AccessRecord record{.method = "GET",
                      .path = "/\xFF\"\n" + std::string(5000, 'a'),
                      .status = 200,
                      .request_id = "i"};
  record.extra = {{"emailId", "e1"}, {"status", "forged"}};
  const std::string line = access_line(record);
  CHECK(line.find('\n') == std::string::npos);
  const auto parsed = nlohmann::json::parse(line);
  CHECK(parsed["status"] == 200);
  CHECK(parsed["emailId"] == "e1");
  CHECK(parsed["path"].get<std::string>().size() <= kLoggedPathBytesMax + 8);
  CHECK_FALSE(parsed.contains("aborted"));
}
