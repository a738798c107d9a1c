// What the delivering processes find wrong with the relay, kept where every process sees it:
// `status`, and an email that waits, tell it whoever delivers.
#pragma once

#include <vector>

#include "core/delivery/relay_state.hpp"
#include "core/store/database.hpp"

namespace segmentflow {

// More than these of a process are not kept.
inline constexpr std::size_t kKeptTroublesMax = 100;

// In the place of what this process has told before. What processes told that are not on the list
// any more goes.
void write_relay_troubles(Transaction& tx, const Uuid& instance_id,
                          const std::vector<RelayTrouble>& troubles);

// Those of all processes that concern this organisation: with all mail, then with its senders; the
// oldest first, each once.
std::vector<RelayTrouble> read_relay_troubles(Transaction& tx, const Uuid& organization_id);

}  // namespace segmentflow
