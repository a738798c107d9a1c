// The numbers of a process and its installation in Prometheus text form.
#pragma once

#include <string>

#include "app/runtime.hpp"
#include "transport/http/server.hpp"

namespace segmentflow::app {

// Reads the database: call it on a reader thread.
std::string metrics_text(Runtime& runtime, const transport::http::Counters& http);

}  // namespace segmentflow::app
