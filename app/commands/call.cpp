#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "app/callers.hpp"
#include "app/commands/commands.hpp"

namespace segmentflow::app {
namespace {

Result<Answer> wait_for_call(OperationCaller& caller, const Operation& operation,
                             describe::Json input) {
  return awaited<Result<Answer>>([&](auto done) {
    caller.call(operation, std::move(input), Consent::NotAsked, std::move(done));
  });
}

Error unknown_operation(const Registry& registry, const std::string& name) {
  std::vector<std::string_view> ids;
  for (const auto& operation : registry.operations()) ids.push_back(operation.info.id);
  const std::string near = describe::nearest_name(name, ids);
  return {ErrorCode::NotFound,
          fmt::format("There is no operation {}.{} Operations: {}.", name,
                      near.empty() ? "" : fmt::format(" Did you mean {}?", near),
                      fmt::join(ids, ", "))};
}

int call_and_print(OperationCaller& caller, const Registry& registry, const std::string& name,
                   describe::Json input) {
  const Operation* operation = registry.find_by_id(name);
  if (!operation) operation = registry.find_by_tool(name);
  if (!operation) return report(unknown_operation(registry, name));
  const auto answer = wait_for_call(caller, *operation, std::move(input));
  if (!answer) {
    fmt::print("{}\n", error_envelope(answer.error(), "").dump(2));
    return 1;
  }
  fmt::print("{}\n", answer->body().dump(2));
  return 0;
}

}  // namespace

int run_call(const Settings& settings, const std::string& operation,
             const std::string& input_text) {
  auto input = describe::parse_json(input_text, {.bytes_max = 8 << 20});
  if (!input) return report({ErrorCode::ValidationFailed, input.error().message});
  if (settings.api_key.empty()) {
    return report({ErrorCode::Unauthorized, "SEGMENTFLOW_API_KEY is not set: call needs a key."});
  }
  if (!settings.base_url.empty()) {
    const Registry registry;
    ReaderPool workers(1, 1);
    auto caller = BridgeCaller::make(settings.base_url, settings.api_key, registry, workers);
    if (!caller) return report(caller.error());
    return call_and_print(**caller, registry, operation, std::move(*input));
  }
  auto runtime = Runtime::open(settings);
  if (!runtime) return report(runtime.error());
  LocalCaller caller((*runtime)->dispatcher(), settings.api_key, {"cli", ""});
  return call_and_print(caller, (*runtime)->registry(), operation, std::move(*input));
}

}  // namespace segmentflow::app
