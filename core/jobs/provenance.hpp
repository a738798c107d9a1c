// Which database this is: the one that wrote its queue, or a copy that was restored from a backup.
// A copy must not send what the original has sent since.
#pragma once

#include <string>

#include "core/store/database.hpp"

namespace segmentflow {

// The identity (Database::identity) under which the queue was written; "" before the first.
std::string recorded_identity(Transaction& tx);

// Records that the queue goes on under `current`. False when `recorded` is not what is on record:
// another process was first.
bool record_identity(Transaction& tx, const std::string& recorded, const std::string& current);

}  // namespace segmentflow
