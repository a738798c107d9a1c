#include "tools/operation.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace segmentflow {

Error invalid_input(std::vector<describe::Problem> problems) {
  std::string message =
      problems.size() == 1
          ? problems.front().message
          : fmt::format("The request has {} problems; see details.", problems.size());
  const bool too_large = std::any_of(problems.begin(), problems.end(),
                                     [](const auto& problem) { return problem.too_large; });
  const auto code = too_large ? ErrorCode::PayloadTooLarge : ErrorCode::ValidationFailed;
  return Error{code, std::move(message), std::move(problems)};
}

tl::unexpected<Error> defect(const std::exception& thrown) {
  spdlog::error("an operation failed: {}", thrown.what());
  return fail(ErrorCode::Internal, "The server failed to handle the request; it is logged.");
}

namespace {

// Over REST the options may stand in the URL, where there are no types.
std::optional<bool> boolean_of(const describe::Json& value) {
  if (value.is_boolean()) return value.get<bool>();
  if (value == "true") return true;
  return value == "false" ? std::optional(false) : std::nullopt;
}

}  // namespace

tl::unexpected<Error> undone() {
  return fail(ErrorCode::Conflict, "This was a dry run.");
}

Result<CallOptions> take_options(const OperationInfo& info, describe::Json& input) {
  CallOptions options;
  if (info.hints.read_only) return options;
  if (const auto given = input.find(kDryRun); given != input.end()) {
    const auto value = given->is_null() ? std::optional(false) : boolean_of(*given);
    if (!value) return tl::unexpected(invalid_input({{"/dryRun", "dryRun is true or false."}}));
    options.is_dry_run = *value;
    input.erase(kDryRun);
  }
  if (const auto given = input.find(kConfirmationToken); info.asks_first && given != input.end()) {
    if (!given->is_string() && !given->is_null()) {
      return tl::unexpected(
          invalid_input({{"/confirmationToken", "confirmationToken is a string."}}));
    }
    if (given->is_string()) options.confirmation_token = given->get<std::string>();
    input.erase(kConfirmationToken);
  }
  return options;
}

describe::Json input_schema(const Operation& operation) {
  describe::Json schema = describe::schema_of(*operation.request, describe::Direction::Input);
  if (operation.info.hints.read_only) return schema;
  auto& properties = schema["properties"];
  properties[kDryRun] = {
      {"type", "boolean"},
      {"description", "true: check everything and answer as usual, but do nothing."},
      {"examples", {true}}};
  if (operation.info.asks_first) {
    properties[kConfirmationToken] = {
        {"type", "string"},
        {"description", "After ConfirmationRequired: the token it gave, with the very same call."},
        {"examples", {"1795833600.5a"}}};
  }
  return schema;
}

}  // namespace segmentflow
