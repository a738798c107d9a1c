// Renders a template per line, for tests in other languages that compare with another renderer.
//
// In:  {"body": {...}, "state": {"data", "profile", "event", "brand"}, "preheader": "..."}; all but
//      `body` may be absent.
// Out: {"html", "text", "missing": [path], "warnings": [finding], "findings": [finding]}, or
//      {"error": sentence, "path": pointer, "findings": [finding]}; a finding is {"code",
//      "severity", "path", "message"}.
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "core/templates/render/render.hpp"

using namespace segmentflow;
using describe::Json;

namespace {

Json findings_json(const std::vector<render::Finding>& findings) {
  Json list = Json::array();
  for (const auto& each : findings) {
    list.push_back({{"code", each.code},
                    {"severity", each.severity == render::Severity::Error ? "error" : "warning"},
                    {"path", each.path},
                    {"message", each.message}});
  }
  return list;
}

Json error_json(const Error& error) {
  return {{"error", error.message},
          {"path", error.problems.empty() ? "" : error.problems.front().path}};
}

const Json* member(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

Json answer(const Json& line) {
  const auto parsed = render::parse_spec(line.at("body"));
  if (!parsed) return error_json(parsed.error());
  render::State state;
  if (const Json* given = member(line, "state")) {
    state = {member(*given, "data"), member(*given, "profile"), member(*given, "event"),
             member(*given, "brand")};
  }
  const auto rendered = render::render(*parsed->spec, state, line.value("preheader", ""));
  Json result = rendered ? Json{{"html", rendered->html},
                                {"text", rendered->text},
                                {"missing", rendered->missing_paths},
                                {"warnings", findings_json(rendered->warnings)}}
                         : error_json(rendered.error());
  result["findings"] = findings_json(parsed->findings);
  return result;
}

}  // namespace

int main() {
  std::ios::sync_with_stdio(false);
  for (std::string line; std::getline(std::cin, line);) {
    std::cout << answer(Json::parse(line)).dump() << std::endl;
  }
}
