// Moving an installation from SQLite to PostgreSQL, with its ids, idempotency keys and queued
// sends.
//
// The source is given a random token, which the target keeps while rows arrive: an interrupted move
// goes on from the last row of each table. Whoever opens the source in between takes the token
// away, because what was copied may no longer be true. At the end the source is retired first and
// the target becomes an installation after it, so that never two of them send one queue.
#pragma once

#include <functional>
#include <string>

#include "core/base/id.hpp"
#include "core/delivery/retry.hpp"
#include "core/store/database.hpp"

namespace segmentflow {

struct MoveOptions {
  std::string target_name;  // for people: what the source says where it went
  RetryPolicy retry;        // for attempts that dead processes of the source left open
  // Called after each batch.
  std::function<void(const std::string& table, std::int64_t rows)> progress;
};

// Copies everything and retires the source; nothing when that has been done already. `target` has
// the schema. Errors: Conflict while a process uses the source or came between, when the source was
// moved elsewhere, the target holds something else or another run has finished there, or a record
// cannot be kept there, which is named (as a rule before anything is done: the whole source is read
// first); NotReady when a database cannot serve: run it again.
Result<void> move_installation(Database& source, Database& target, Entropy& entropy,
                               const MoveOptions& options);

}  // namespace segmentflow
