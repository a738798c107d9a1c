// What must hold for every operation, whichever there are.
#include "tools/registry.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <set>

#include "core/access/scopes.hpp"
#include "tools/mcp_provider.hpp"

using namespace segmentflow;
using describe::Json;

namespace {

bool is_snake_case(std::string_view text) {
  return !text.empty() && text.front() >= 'a' && text.front() <= 'z' &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
         });
}

// Every property somewhere in a schema says what it is.
void check_described(const Json& schema, const std::string& path) {
  if (schema.is_array()) {
    for (const Json& each : schema) check_described(each, path);
  }
  if (!schema.is_object()) return;
  for (const auto& [name, value] : schema.items()) {
    if (name == "properties") {
      for (const auto& [member, rules] : value.items()) {
        INFO(path << "/" << member);
        CHECK((rules.contains("description") || rules.contains("$ref")));
        check_described(rules, path + "/" + member);
      }
    } else if (name != "examples" && name != "default" && name != "enum") {
      check_described(value, path);
    }
  }
}

}  // namespace

TEST_CASE("registry: ids, tools and routes are each of one operation") {
  const Registry registry;
  std::set<std::string> seen;
  for (const auto& operation : registry.operations()) {
    const auto& info = operation.info;
    INFO(info.id);
    CHECK(seen.insert("id " + std::string(info.id)).second);
    CHECK(seen.insert("tool " + std::string(info.tool)).second);
    CHECK(seen.insert(std::string(info.method) + " " + std::string(info.path)).second);
    CHECK(registry.find_by_id(info.id) == &operation);
    CHECK(registry.find_by_tool(info.tool) == &operation);
    CHECK(info.path.starts_with("/api/v1/"));
  }
  CHECK(registry.find_by_id("emails.sent") == nullptr);
  CHECK(registry.find_by_tool("") == nullptr);
  CHECK(registry.operations().size() >= 6);
}

TEST_CASE("registry: names and texts are what an assistant can use") {
  const Registry registry;
  for (const auto& operation : registry.operations()) {
    const auto& info = operation.info;
    INFO(info.id);
    CHECK(is_snake_case(info.tool));
    CHECK(info.tool.size() <= 40);
    CHECK_FALSE(info.title.empty());
    CHECK(info.title.size() <= 60);
    CHECK(info.description.size() >= 40);
    CHECK(info.description.size() <= 600);
    CHECK(info.description.find("  ") == std::string_view::npos);
  }
}

TEST_CASE("registry: hints fit the method and scope") {
  const Registry registry;
  const auto scopes = known_scopes();
  for (const auto& operation : registry.operations()) {
    const auto& info = operation.info;
    INFO(info.id);
    // What only answers may still be a POST: its question does not fit into a URL.
    if (info.method == "GET") CHECK(info.hints.read_only);
    if (info.hints.read_only) CHECK((info.method == "GET" || info.method == "POST"));
    if (info.hints.read_only) {
      CHECK_FALSE(info.hints.destructive);
      CHECK(info.hints.idempotent);
      CHECK_FALSE(info.hints.open_world);
      CHECK_FALSE(info.scope.ends_with(":write"));
    }
    if (!info.scope.empty())
      CHECK(std::find(scopes.begin(), scopes.end(), info.scope) != scopes.end());
  }
  // Sending reaches people outside and cannot be taken back, but it can be repeated.
  const auto& hints = registry.find_by_tool("send_email")->info.hints;
  CHECK(hints.open_world);
  CHECK(hints.idempotent);
}

TEST_CASE("registry: every schema compiles, is closed, and describes each property") {
  const Registry registry;
  for (const auto& operation : registry.operations()) {
    INFO(operation.info.id);
    const Json input = input_schema(operation);
    const Json output = describe::schema_of(*operation.response, describe::Direction::Output);
    CHECK(input.at("type") == "object");
    CHECK(input.at("additionalProperties") == false);
    check_described(input, "input");
    check_described(output, "output");
    CHECK(describe::parse_json(describe::dump_json(input)));
    CHECK(describe::parse_json(describe::dump_json(output)));
  }
}

TEST_CASE("registry: a path's captures are fields of the request, and the other way round") {
  const Registry registry;
  for (const auto& operation : registry.operations()) {
    INFO(operation.info.id);
    for (const auto& field : operation.request->fields) {
      const std::string capture = "{" + std::string(field.name) + "}";
      const bool in_path = operation.info.path.find(capture) != std::string_view::npos;
      CHECK(in_path == (field.rules.carried == describe::Carried::Path));
      if (field.rules.carried == describe::Carried::Header) CHECK_FALSE(field.rules.header.empty());
      if (operation.info.method == "GET") CHECK(field.rules.carried != describe::Carried::Body);
    }
  }
}

TEST_CASE("registry: a key sees the tools that its scopes allow") {
  const Registry registry;
  ToolLists lists(registry);
  const auto names = [&](const std::vector<std::string>& scopes) {
    std::set<std::string> found;
    for (const auto& operation : registry.operations()) {
      if (lists.list_for(scopes, {})->find(operation.info.tool)) found.emplace(operation.info.tool);
    }
    return found;
  };
  CHECK(names({}) == std::set<std::string>{"get_status"});
  CHECK(names({"emails:read"}) == std::set<std::string>{"get_status", "get_email"});
  CHECK(names({"emails:write", "templates:read"}) ==
        std::set<std::string>{"batch_send", "describe_template_format", "get_status",
                              "get_template", "list_templates", "preview_template", "send_email"});
  CHECK(lists.list_for({"emails:read"}, {}) == lists.list_for({"emails:read"}, {}));
}

TEST_CASE("registry: prepared lists are kept for the last that asked for them") {
  const Registry registry;
  ToolLists lists(registry);
  const std::vector<std::string> scopes = {"emails:read"};
  const std::weak_ptr<const mcp::ToolList> first = lists.list_for(scopes, {{"first"}});
  const std::weak_ptr<const mcp::ToolList> used = lists.list_for(scopes, {});
  for (std::size_t i = 0; i < ToolLists::kept_max; ++i) {
    lists.list_for(scopes, {{std::to_string(i)}});
    lists.list_for(scopes, {});
  }
  CHECK(first.expired());
  CHECK_FALSE(used.expired());
}

TEST_CASE("registry: a filter narrows what a key sees") {
  const Registry registry;
  const auto groups = [&](std::string_view text) { return parse_tool_groups(registry, text); };
  const auto names = [&](const ToolFilter& filter) {
    std::set<std::string> found;
    for (const auto& operation : registry.operations()) {
      if (filter.shows(operation.info)) found.emplace(operation.info.tool);
    }
    return found;
  };
  CHECK(names({}).size() == registry.operations().size());
  CHECK(names({groups("emails").value(), false}) ==
        std::set<std::string>{"batch_send", "get_email", "get_status", "send_email"});
  CHECK(names({groups("emails, templates").value(), true}) ==
        std::set<std::string>{"describe_template_format", "get_email", "get_status", "get_template",
                              "list_templates", "preview_template"});
  CHECK(parse_tool_groups(registry, std::nullopt).value().empty());
  for (const char* empty : {"", " ", ",", " , "}) {
    INFO('"' << empty << '"');
    const auto refused = groups(empty);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::ValidationFailed);
    CHECK(refused.error().message.find("is empty") != std::string::npos);
  }
  const auto wrong = groups("emails,templats");
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().message.find("Did you mean templates?") != std::string::npos);
}
