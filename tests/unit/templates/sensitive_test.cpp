// What of a state stays when its sensitive values go.
#include "core/templates/sensitive.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace segmentflow;
using describe::Json;

namespace {

// What is kept of `value`, which is /data; "all of it" when the paths lead to nothing.
std::string kept(std::initializer_list<const char*> paths, const char* value) {
  std::vector<render::Pointer> pointers;
  for (const char* path : paths) pointers.push_back(render::parse_pointer(path));
  const auto left = without_sensitive(pointers, "data", Json::parse(value));
  return left ? describe::dump_json(*left) : "all of it";
}

}  // namespace

TEST_CASE("sensitive: each value that a path leads to is replaced, whatever it is") {
  CHECK(kept({"/data/code"}, R"({"code":"s","name":"n"})") ==
        R"({"code":"[redacted]","name":"n"})");
  CHECK(kept({"data/code"}, R"({"code":7})") == R"({"code":"[redacted]"})");
  CHECK(kept({"/data/code"}, R"({"code":null})") == R"({"code":"[redacted]"})");
  CHECK(kept({"/data/code"}, R"({"code":{"a":["s"]}})") == R"({"code":"[redacted]"})");
  CHECK(kept({"/data/a~1b/c~0d"}, R"({"a/b":{"c~d":"s"}})") == R"({"a/b":{"c~d":"[redacted]"}})");
  CHECK(kept({"/data/a", "/data/b"}, R"({"a":"s","b":"s","c":"n"})") ==
        R"({"a":"[redacted]","b":"[redacted]","c":"n"})");
}

TEST_CASE("sensitive: a step into an array is a position, or all its items") {
  const char* codes = R"({"codes":[{"secret":"a","id":1},{"secret":"b","id":2}]})";
  CHECK(kept({"/data/codes/secret"}, codes) ==
        R"({"codes":[{"secret":"[redacted]","id":1},{"secret":"[redacted]","id":2}]})");
  CHECK(kept({"/data/codes/1/secret"}, codes) ==
        R"({"codes":[{"secret":"a","id":1},{"secret":"[redacted]","id":2}]})");
  CHECK(kept({"/data/codes/1"}, R"({"codes":["a","b"]})") == R"({"codes":["a","[redacted]"]})");
  CHECK(kept({"/data/codes/secret"}, R"({"codes":[[{"secret":"a"}],"x",{"id":1}]})") ==
        R"({"codes":[[{"secret":"[redacted]"}],"x",{"id":1}]})");
}

TEST_CASE("sensitive: a whole root becomes empty") {
  CHECK(kept({"/data"}, R"({"code":"s"})") == "{}");
  CHECK(kept({"/data/code", "/data"}, R"({"code":"s"})") == "{}");
}

TEST_CASE("sensitive: paths that lead nowhere change nothing") {
  CHECK(kept({}, R"({"code":"s"})") == "all of it");
  CHECK(kept({"/profile/code"}, R"({"code":"s"})") == "all of it");
  CHECK(kept({"/profile"}, R"({"code":"s"})") == "all of it");
  CHECK(kept({"/data/other"}, R"({"code":"s"})") == "all of it");
  CHECK(kept({"/data/code/deeper"}, R"({"code":"s"})") == "all of it");
  CHECK(kept({"/data/codes/9"}, R"({"codes":["s"]})") == "all of it");
  CHECK(kept({"/data/codes/secret"}, R"({"codes":[]})") == "all of it");
}
