// The PostgreSQL backend: a pool of sessions for writes, one for reads.
#pragma once

#include <memory>
#include <string>

#include "core/store/database.hpp"

namespace segmentflow::postgres {

// Errors: ValidationFailed for a server that cannot be used (too old, another encoding), NotReady
// when it cannot be reached now.
Result<std::unique_ptr<Database>> open(const std::string& url, const DatabaseOptions& options);

}  // namespace segmentflow::postgres
