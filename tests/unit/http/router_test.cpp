#include "transport/http/router.hpp"

#include <catch2/catch.hpp>
#include <stdexcept>

#include "transport/http/target.hpp"

using transport::http::Match;
using transport::http::parse_query;
using transport::http::parse_target;
using transport::http::percent_decode;
using transport::http::Request;
using transport::http::Response;
using transport::http::Route;
using transport::http::Router;
using Outcome = Match::Outcome;

namespace {

Route route(const char* method, const char* path) {
  return {.method = method,
          .path = path,
          .handler = [](Request, const std::function<void(Response)>&) {}};
}

Router sample() {
  return Router({route("GET", "/"), route("GET", "/emails"), route("POST", "/emails"),
                 route("GET", "/emails/{id}"), route("POST", "/emails/batch"),
                 route("GET", "/emails/latest"), route("DELETE", "/a/{x}/b/{y}"),
                 route("GET", "/a/b/b/{y}")});
}

}  // namespace

TEST_CASE("A router finds the route of a method and path") {
  const Router router = sample();
  CHECK(router.match("GET", "/").route->path == "/");
  CHECK(router.match("POST", "/emails").route->method == "POST");
  const Match match = router.match("GET", "/emails/a%20b%2Fc+d");
  REQUIRE(match.outcome == Outcome::Found);
  CHECK(match.captures == decltype(match.captures){{"id", "a b/c+d"}});
  const Match two = router.match("DELETE", "/a/1/b/2");
  CHECK(two.captures == decltype(two.captures){{"x", "1"}, {"y", "2"}});
  CHECK(router.match("GET", "/%65mails").outcome == Outcome::Found);
}

TEST_CASE("A literal segment wins over a capture, for the methods it has") {
  const Router router = sample();
  CHECK(router.match("GET", "/emails/latest").route->path == "/emails/latest");
  CHECK(router.match("GET", "/emails/batch").route->path == "/emails/{id}");
  CHECK(router.match("POST", "/emails/batch").route->path == "/emails/batch");
  CHECK(router.match("GET", "/a/b/b/2").route->path == "/a/b/b/{y}");
}

TEST_CASE("Unknown paths are not found: another slash is another path") {
  const Router router = sample();
  for (const char* path : {"/email", "/emails/", "/emails//", "//emails", "/EMAILS", "/emails/1/2",
                           "", "emails", "/a/./b/2", "/../emails"}) {
    INFO(path);
    CHECK(router.match("GET", path).outcome == Outcome::NotFound);
  }
  std::string deep;
  for (int i = 0; i < 5000; ++i) deep += "/x";
  CHECK(router.match("GET", deep).outcome == Outcome::NotFound);
}

TEST_CASE("A known path with another method lists what it allows") {
  const Router router = sample();
  const Match match = router.match("PUT", "/emails");
  CHECK(match.outcome == Outcome::MethodNotAllowed);
  CHECK(match.allow == "GET, HEAD, OPTIONS, POST");
  CHECK(router.match("GET", "/a/1/b/2").outcome == Outcome::MethodNotAllowed);
  CHECK(router.match("HEAD", "/emails").route->method == "GET");
  CHECK(router.match("HEAD", "/a/1/b/2").outcome == Outcome::MethodNotAllowed);
  const Match options = router.match("OPTIONS", "/emails/batch");
  CHECK(options.outcome == Outcome::Options);
  CHECK(options.allow == "GET, HEAD, OPTIONS, POST");
  CHECK(router.match("get", "/emails").outcome == Outcome::MethodNotAllowed);
}

TEST_CASE("A path that is not percent-encoded text is refused") {
  const Router router = sample();
  for (const char* path : {"/emails/%", "/emails/%4", "/emails/%zz", "/emails/%00", "/emails/%ff",
                           "/emails/%c0%80", "/emails/%ed%a0%80"}) {
    INFO(path);
    CHECK(router.match("GET", path).outcome == Outcome::BadEncoding);
  }
}

TEST_CASE("Routes that cannot be meant are refused at construction") {
  const auto build = [](std::vector<Route> routes) { return Router(std::move(routes)); };
  CHECK_THROWS_AS(build({route("GET", "/a/{x}"), route("GET", "/a/{y}")}), std::invalid_argument);
  CHECK_THROWS_AS(build({route("GET", "a")}), std::invalid_argument);
  CHECK_THROWS_AS(build({route("", "/a")}), std::invalid_argument);
  CHECK_THROWS_AS(build({route("GET", "/a/x{y}")}), std::invalid_argument);
  CHECK_THROWS_AS(build({route("GET", "/{}")}), std::invalid_argument);
  CHECK_THROWS_AS(build({{.method = "GET", .path = "/a", .handler = nullptr}}),
                  std::invalid_argument);
}

TEST_CASE("A target is split into path, query and authority") {
  CHECK(parse_target("/a?b=c?d")->path == "/a");
  CHECK(parse_target("/a?b=c?d")->query == "b=c?d");
  CHECK(parse_target("http://host:1?x")->authority == "host:1");
  CHECK_FALSE(parse_target("http://host:1?x"));  // an absolute form needs a path before a query
  CHECK(parse_target("http://host:1")->path == "/");
  CHECK(parse_target("https://host/a?q")->path == "/a");
  for (const char* bad : {"", "*", "a", "host:80", "/a#b", "ftp://h/"}) {
    INFO(bad);
    CHECK_FALSE(parse_target(bad));
  }
}

TEST_CASE("A query is decoded in order and bounded") {
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  CHECK(*parse_query("") == Pairs{});
  CHECK(*parse_query("a=1&b=x+y%2B&&a=%C3%A9&flag&=v") ==
        Pairs{{"a", "1"}, {"b", "x y+"}, {"a", "\xC3\xA9"}, {"flag", ""}, {"", "v"}});
  CHECK_FALSE(parse_query("a=%"));
  CHECK_FALSE(parse_query("%ff=1"));
  std::string many;
  for (std::size_t i = 0; i < transport::http::kQueryParametersMax; ++i) many += "a=1&";
  CHECK(parse_query(many)->size() == transport::http::kQueryParametersMax);
  CHECK_FALSE(parse_query(many + "a=1"));
}

TEST_CASE("Percent-decoding keeps text and refuses what is none") {
  CHECK(percent_decode("a+b", false) == "a+b");
  CHECK(percent_decode("%F0%9F%98%80", false) == "\xF0\x9F\x98\x80");
  for (const char* bad : {"%F5%80%80%80", "%80", "%E0%80%80", "%F4%90%80%80", "%E2%82", "%+1"}) {
    INFO(bad);
    CHECK_FALSE(percent_decode(bad, false));
  }
}
