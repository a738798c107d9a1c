// Logging: one JSON object per line on stderr. stdout belongs to answers and to MCP. Whoever logs
// never waits for stderr: what it does not take is lost, and the number is told once it does again.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "app/log_writer.hpp"

namespace segmentflow::app {

// Makes the process's logger, which tells of warnings and errors until set_log_level(). What it
// gives is to be stopped at the end of the process.
std::shared_ptr<LogWriter> set_up_log();
// `level`: debug, info, warn or error.
void set_log_level(std::string_view level);

// Logs an event whose fields are already a JSON object, e.g. a line of the access log.
void log_event(std::string_view name, const std::string& object);

}  // namespace segmentflow::app
