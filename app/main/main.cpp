#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <exception>

#include "app/cli.hpp"
#include "app/log.hpp"
#include "schemas/describe/utf8.hpp"

namespace {

// What the last lines of the log may take to come out.
constexpr std::chrono::milliseconds kLogPatience{500};

int run(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    if (describe::is_valid_utf8(argv[i])) continue;
    fmt::print(stderr, "segmentflow: Argument {} is not valid UTF-8 text; write it in UTF-8.\n", i);
    return 2;
  }
  return segmentflow::app::run_command_line(argc, argv);
}

}  // namespace

int main(int argc, char** argv) {
  // A file that has reached the limit of the process is an error of that write, not the end.
  std::signal(SIGXFSZ, SIG_IGN);
  int code = 1;
  std::shared_ptr<segmentflow::app::LogWriter> log;
  try {
    log = segmentflow::app::set_up_log();
    code = run(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "segmentflow: {}\n", error.what());
  }
  if (log && !log->stop(kLogPatience)) {
    std::fflush(stdout);
    ::_exit(code);  // a write to stderr that does not return must not keep the process
  }
  return code;
}
