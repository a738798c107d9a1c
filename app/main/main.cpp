#include <fmt/format.h>

#include <csignal>
#include <exception>

#include "app/cli.hpp"
#include "app/log.hpp"

int main(int argc, char** argv) {
  // A file that has reached the limit of the process is an error of that write, not the end.
  std::signal(SIGXFSZ, SIG_IGN);
  try {
    segmentflow::app::set_up_log();
    return segmentflow::app::run_command_line(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "segmentflow: {}\n", error.what());
    return 1;
  }
}
