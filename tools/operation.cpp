#include "tools/operation.hpp"

#include <fmt/format.h>

namespace segmentflow {

Error invalid_input(std::vector<describe::Problem> problems) {
  std::string message = problems.size() == 1
                            ? problems.front().message
                            : fmt::format("The request has {} problems; see details.", problems.size());
  return Error{ErrorCode::ValidationFailed, std::move(message), std::move(problems)};
}

}  // namespace segmentflow
