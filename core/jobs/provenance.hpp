// Which database this is: the one that wrote its queue, a copy that was restored from a backup, or
// one end of a move (core/move). A copy must not send what the original has sent since, and of a
// move only one end may send.
#pragma once

#include <string>

#include "core/base/error.hpp"
#include "core/store/database.hpp"

namespace segmentflow {

// The identity (Database::identity) under which the queue was written; "" before the first.
std::string recorded_identity(Transaction& tx);

// Records that the queue goes on under `current`. False when `recorded` is not what is on record:
// another process was first.
bool record_identity(Transaction& tx, const std::string& recorded, const std::string& current);

// Lets everything that is queued out, now: what is held, and in a copy that no process has joined
// yet, what the first would hold. Gives how many emails that are.
std::int64_t resume_queue(Transaction& tx);

// Conflict when the installation was moved away, or rows of a move are still arriving.
Result<void> require_not_moved(Transaction& tx);

// Whether a move has started from here that has not retired it.
bool has_open_move(Transaction& tx);
// Ends it, as what was copied may no longer be true: the next one starts from an empty target.
void drop_open_move(Transaction& tx);

}  // namespace segmentflow
