#include <fmt/format.h>

#include <exception>

#include "app/cli.hpp"
#include "app/log.hpp"

int main(int argc, char** argv) {
  try {
    segmentflow::app::set_up_log();
    return segmentflow::app::run_command_line(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "segmentflow: {}\n", error.what());
    return 1;
  }
}
