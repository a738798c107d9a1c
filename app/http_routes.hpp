// What the HTTP server serves: the registry's routes, health and metrics.
#pragma once

#include <string>
#include <vector>

#include "app/runtime.hpp"
#include "transport/http/server.hpp"

namespace segmentflow::app {

// An operation's answer, or its refusal, as REST gives it.
transport::http::Response http_response(const Result<Answer>& answer, std::string_view request_id);

// Lets the holders of live keys pass; bodies count to their organisation.
transport::http::Authenticate authenticate(Runtime& runtime);

// The headers that any route reads as one value.
std::vector<transport::http::SingleHeader> single_headers(const Registry& registry);

// The routes of every operation, and /healthz (the process runs), /readyz (the database answers),
// /metrics (Prometheus text). `http_counters` is asked at each scrape.
std::vector<transport::http::Route> http_routes(
    Runtime& runtime, std::function<transport::http::Counters()> http_counters);

// The API's error envelope for what the server answers before any route.
std::string fault_body(transport::http::Fault fault, std::string_view message,
                       std::string_view request_id);

}  // namespace segmentflow::app
