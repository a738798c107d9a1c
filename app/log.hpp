// Logging: one JSON object per line on stderr. stdout belongs to answers and to MCP.
#pragma once

#include <string>
#include <string_view>

namespace segmentflow::app {

// Makes the process's logger. `level`: debug, info, warn or error.
void set_up_log(std::string_view level);

// Logs an event whose fields are already a JSON object, e.g. a line of the access log.
void log_event(std::string_view name, const std::string& object);

}  // namespace segmentflow::app
