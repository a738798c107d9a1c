// What each SQLSTATE means for us (PostgreSQL manual, appendix A).
#pragma once

#include <string>
#include <string_view>

#include "core/store/database.hpp"

namespace segmentflow::postgres {

// Throws StoreConstraint (the data broke a rule), StoreDefect (the statement is wrong) or
// StoreUnavailable (everything that may pass). `words` are the server's
// without DETAIL, which would hold data values.
[[noreturn]] void throw_failure(const std::string& sqlstate, std::string_view words,
                                std::string_view doing);

// True when the connection is of no use after it: the server is going down, was demoted to a
// standby, or has ended this session or its prepared statements.
bool ends_connection(const std::string& sqlstate);

}  // namespace segmentflow::postgres
