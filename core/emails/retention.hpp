// What ages out: the data that final sends were rendered from. Records, keys and fingerprints stay.
#pragma once

#include "core/store/database.hpp"

namespace segmentflow {

// Deletes the contents of at most `limit` sends accepted before `before`; the number deleted. Ids
// are UUIDv7, so age is a range of the id index. `before` must be past every deadline.
std::int64_t purge_contents(Transaction& tx, Time before, int limit);

}  // namespace segmentflow
