// URLs of PostgreSQL servers, in libpq's form (PostgreSQL manual, 34.1.1.2).
#pragma once

#include <optional>
#include <string>

namespace segmentflow::postgres {

// What libpq has against the URL; nullopt when it can be read.
std::optional<std::string> problem_of(const std::string& url);

// The URL with our own defaults for what it leaves open: a bounded time to connect, a short time
// until a dead peer is noticed, and of several hosts the one that takes writes. What the URL says
// itself wins.
std::string with_defaults(const std::string& url);

// The URL without its password, for people.
std::string without_password(const std::string& url);

}  // namespace segmentflow::postgres
