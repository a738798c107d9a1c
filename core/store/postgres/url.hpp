// URLs of PostgreSQL servers, in libpq's form (PostgreSQL manual, 34.1.1.2).
#pragma once

#include <string>

namespace segmentflow::postgres {

// Whether libpq can read the URL. Its own words about one that it cannot might quote the password.
bool is_readable(const std::string& url);

// The URL with our own defaults for what it leaves open: a bounded time to connect, a short time
// until a dead peer is noticed, and of several hosts the one that takes writes. What the URL says
// itself wins.
std::string with_defaults(const std::string& url);

// The URL without its password, for people.
std::string without_password(const std::string& url);

}  // namespace segmentflow::postgres
