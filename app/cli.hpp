// The command line: commands, their options, and the settings that every one takes.
#pragma once

namespace segmentflow::app {

// Gives the process's exit code: 0 done, 1 failed, 2 wrong usage or settings.
int run_command_line(int argc, char** argv);

}  // namespace segmentflow::app
