#include "tools/operation.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

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

Result<Answer> guarded(const std::function<Result<Answer>()>& work) {
  try {
    return work();
  } catch (const std::exception& defect) {
    spdlog::error("an operation failed: {}", defect.what());
    return fail(ErrorCode::Internal, "The server failed to handle the request; it is logged.");
  }
}

}  // namespace segmentflow
