// Calls of keys that ask first: they wait for a person, or are confirmed by a second call.
#pragma once

#include <optional>

#include "tools/operation.hpp"

namespace segmentflow {

// Clears a call that sends so many emails. Gives the approval that they have to wait for, nullopt
// when they need none. ConfirmationRequired, with a token for the second call, where the key
// confirms by itself: the token is good for ten minutes, for this key and these arguments.
Result<std::optional<Uuid>> clear_sends(const Engine& engine, const ApiKey& key,
                                        const CallOptions& options, std::size_t emails);

}  // namespace segmentflow
