// What the HTTP server serves: the registry's routes, health and metrics.
#pragma once

#include <string>
#include <vector>

#include "app/runtime.hpp"
#include "transport/http/server.hpp"

namespace segmentflow::app {

// The routes of every operation, and /healthz (the process runs), /readyz (the database answers),
// /metrics (Prometheus text). `http_counters` is asked at each scrape.
std::vector<transport::http::Route> http_routes(
    Runtime& runtime, std::function<transport::http::Counters()> http_counters);

// The API's error envelope for what the server answers before any route.
std::string fault_body(transport::http::Fault fault, std::string_view message,
                       std::string_view request_id);

}  // namespace segmentflow::app
