// Signs of life of the processes that share a database file: each locks a file of its own in the
// folder `<database>.instances`. The kernel frees the lock with the process, however it ends.
#pragma once

#include <memory>
#include <string>

#include "core/base/id.hpp"

namespace segmentflow::sqlite {

// Held until the returned object is gone, which also removes the file. Throws StoreUnavailable when
// the file cannot be made or locked.
std::shared_ptr<void> hold_instance(const std::string& database_path, const Uuid& instance);

// True when the file is missing or nobody locks it; removes what a dead process left.
bool instance_is_gone(const std::string& database_path, const Uuid& instance);

}  // namespace segmentflow::sqlite
