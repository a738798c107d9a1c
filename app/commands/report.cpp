#include <fmt/format.h>

#include "app/commands/commands.hpp"

namespace segmentflow::app {

int report(const Error& error) {
  fmt::print(stderr, "segmentflow: {}\n", error.message);
  for (const auto& problem : error.problems) {
    if (problem.message == error.message) continue;
    fmt::print(stderr, "  {}: {}\n", problem.path.empty() ? "/" : problem.path, problem.message);
  }
  return error.code == ErrorCode::ValidationFailed ? 2 : 1;
}

}  // namespace segmentflow::app
