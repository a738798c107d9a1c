// Logging: one JSON object per line on stderr. stdout belongs to answers and to MCP.
#pragma once

#include <string>
#include <string_view>

namespace segmentflow::app {

// Makes the process's logger, which tells of warnings and errors until set_log_level().
void set_up_log();
// `level`: debug, info, warn or error.
void set_log_level(std::string_view level);

// Logs an event whose fields are already a JSON object, e.g. a line of the access log.
void log_event(std::string_view name, const std::string& object);

}  // namespace segmentflow::app
