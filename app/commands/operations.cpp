#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "app/commands/commands.hpp"
#include "schemas/describe/parse.hpp"
#include "tools/registry.hpp"

namespace segmentflow::app {
namespace {

using describe::Carried;
using describe::Json;

// Where REST carries the field.
std::string place_of(const describe::Field& field) {
  switch (field.rules.carried) {
    case Carried::Path:
      return "path";
    case Carried::Query:
      return "query";
    case Carried::Header:
      return "header " + std::string(field.rules.header);
    case Carried::Body:
      break;
  }
  return "body";
}

Json json_of(const Operation& operation) {
  const OperationInfo& info = operation.info;
  Json places = Json::object();
  for (const auto& field : operation.request->fields) {
    places[std::string(field.name)] = place_of(field);
  }
  return {{"id", info.id},
          {"method", info.method},
          {"path", info.path},
          {"tool", info.tool},
          {"scope", info.scope},
          {"description", info.description},
          {"request", input_schema(operation)},
          {"carried", std::move(places)},
          {"answer", describe::schema_of(*operation.response, describe::Direction::Output)}};
}

}  // namespace

int run_operations() {
  Json all = Json::array();
  const Registry registry;
  for (const auto& operation : registry.operations()) all.push_back(json_of(operation));
  fmt::print("{}\n", all.dump(2));
  return 0;
}

}  // namespace segmentflow::app
